"""A search in memory finds what would end the real one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from mnist_sweep.config import Settings, UserError
from mnist_sweep.config.settings import parse_settings
from mnist_sweep.config.space import parse_space
from mnist_sweep.search import rehearse

BASE = {"a": "5", "b": "x", "lr": "0.1"}
SPACE = {"a": "range(1,10)", "b": "choice(x,y)", "lr": "tag(log,interval(1e-3,1.0))"}
MEDIAN = {"_target_": "optuna.pruners.MedianPruner", "n_startup_trials": 0}


def settings(sampler: dict[str, Any], pruner: dict[str, Any] | None = None, **search: Any) -> Settings:
    plain = {
        "runtime": {"executor": "local", "workers": None, "memory_limit": None, "trial_timeout": None,
                    "allowed_targets": []},
        "study": {"name": None, "seed": 0, "keep_models": 1, "fork": False},
        "tracking": {"enabled": False, "uri": None, "experiment": "mine"},
        "runs_folder": "runs",
        "search": {"n_trials": 10, "timeout": None, "target": None, "max_failures": 5, "audit": 0.0,
                   "metric": "val_accuracy", "direction": None, "space": {}, "when": {}, **search},
        "sampler": sampler,
        "pruner": pruner or {"_target_": "optuna.pruners.NopPruner"},
    }  # fmt: skip
    return parse_settings(plain, [])


@pytest.mark.parametrize(
    ("sampler", "more"),
    [
        ({"_target_": "optuna.samplers.RandomSampler"}, {}),
        ({"_target_": "mnist_sweep.search.TPESampler", "n_startup_trials": 2}, {"pruner": MEDIAN}),
        ({"_target_": "mnist_sweep.search.TPESampler"}, {"metric": "val_loss"}),
        ({"_target_": "optuna.samplers.NSGAIISampler"}, {"metric": ["val_accuracy", "parameters"]}),
    ],
)
@pytest.mark.parametrize("epochs", [1, 3])
def test_what_can_search_passes_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sampler: dict[str, Any], more: dict[str, Any], epochs: int
) -> None:
    monkeypatch.chdir(tmp_path)
    rehearse(settings(sampler, **more), parse_space(SPACE, {}), BASE, epochs)
    assert list(tmp_path.iterdir()) == []


def test_a_grid_of_the_base_alone_passes() -> None:
    grid = {"_target_": "mnist_sweep.search.GridSampler"}
    rehearse(settings(grid), parse_space({"b": "choice(x)"}, {}), {"b": "x"}, 3)


def test_a_sampler_that_can_not_work_on_the_space_is_refused() -> None:
    sampler = {"_target_": "optuna.samplers.BruteForceSampler"}  # needs a step in every range
    with pytest.raises(
        UserError, match=r"^sampler and pruner \(BruteForceSampler and NopPruner\) can't search this.*step"
    ):
        rehearse(settings(sampler), parse_space(SPACE, {}), BASE, 3)


def test_a_mistake_in_the_space_is_told_as_it_is() -> None:
    grid = {"_target_": "mnist_sweep.search.GridSampler"}
    with pytest.raises(UserError) as caught:
        rehearse(settings(grid), parse_space(SPACE, {}), BASE, 3)
    assert "can't search this space" not in str(caught.value)
    assert "lr" in str(caught.value)


CONF = Path(__file__).parents[2] / "conf"


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize("pruner", sorted((CONF / "pruner").glob("*.yaml")), ids=lambda file: file.stem)
@pytest.mark.parametrize("sampler", sorted((CONF / "sampler").glob("*.yaml")), ids=lambda file: file.stem)
def test_every_sampler_works_with_every_pruner(sampler: Path, pruner: Path) -> None:
    chosen, judged = yaml.safe_load(sampler.read_text()), yaml.safe_load(pruner.read_text())
    if "max_resource" in judged:
        judged["max_resource"] = 3
    space = {**SPACE, "lr": "range(0.1,1.0,0.1)"} if sampler.stem == "grid" else SPACE
    rehearse(settings(chosen, judged), parse_space(space, {}), BASE, 3)


@pytest.mark.parametrize("sampler", ["optuna.samplers.RandomSampler", "mnist_sweep.search.GridSampler"])
def test_whether_any_trial_may_be_drawn_is_returned(sampler: str) -> None:
    space, chosen = parse_space({"a": "range(1,4)"}, {}), settings({"_target_": sampler})
    assert rehearse(chosen, space, {"a": "2"}, 3, lambda overrides: overrides["a"] == "3")
    assert not rehearse(chosen, space, {"a": "2"}, 3, lambda _: False)


def test_a_space_of_which_little_may_be_drawn_is_no_mistake() -> None:
    asked: list[Mapping[str, str]] = []

    def allows(overrides: Mapping[str, str]) -> bool:
        asked.append(overrides)
        return len(asked) < 3  # the third trial is found no more

    random = settings({"_target_": "optuna.samplers.RandomSampler"})
    assert rehearse(random, parse_space({"lr": "interval(0.0,1.0)"}, {}), {"lr": "0.1"}, 3, allows)
