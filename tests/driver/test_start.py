"""Trials that a person names: overrides, or stored configurations."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.driver.loop import Sweep, run_sweep
from mnist_sweep.driver.plan import Plan
from mnist_sweep.execution import InlineExecutor
from mnist_sweep.files import read_yaml, write_yaml
from mnist_sweep.results.study import read_study
from mnist_sweep.storage.state import check_state

Planned = Callable[..., Plan]
Swept = Callable[[Plan], Sweep]


def overrides(plan: Plan) -> list[dict[str, str]]:
    return [dict(one.overrides) for one in plan.start]


@pytest.mark.parametrize(
    ("start", "found"),
    [
        ("[[model.dropout=0.7,train.batch_size=32]]", {"model.dropout": "0.7", "train.batch_size": "32"}),
        ("['model.dropout=0.7 optimizer=sgd']", {"model.dropout": "0.7", "optimizer": "sgd"}),
        ("[{model.dropout: 0.7}]", {"model.dropout": "0.7"}),
        ("[{model: {units: [8, 8]}}]", {"model.units": "[8,8]"}),
    ],
)
def test_overrides_are_a_trial_in_the_space_or_not(start: str, found: dict[str, str], planned: Planned) -> None:
    quoted = start.replace("[[", "[['").replace("]]", "']]").replace(",train", "','train") if "[[" in start else start
    assert overrides(planned(f"search.start={quoted}")) == [found]


def test_the_values_are_those_of_the_composed_trial(planned: Planned) -> None:
    values = planned("search.start=['optimizer=sgd']").start[0].values
    assert values["optimizer"] == "sgd"
    assert values["optimizer.learning_rate"] == "0.01"  # sgd's own, not adam's
    assert "optimizer.beta_1" not in values


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ("['model.dropuot=0.3']", "search.start: model.dropuot is not a known key; did you mean model.dropout?"),
        ("['model.dropout=1.5']", "search.start: model.dropout must be less than 1.0, got 1.5"),
        ("['model.dropout=choice(0.1,0.2)']", "search.start must have overrides with one value each"),
        ("['data=mnist']", "search.start must not have data: trials could then not be compared"),
        ("['train.epochs=9']", "search.start must not have train.epochs: trials could then not be compared"),
        ("['study.seed=9']", "search.start must not have study.seed"),
        ("['runtime.workers=9']", "search.start must have keys of data, model, optimizer, train, got runtime.workers"),
        ("['train.batch_size=5000']", "search.start: train.batch_size must be at most 1077"),
        ("[best.yaml]", "search.start: best.yaml is not there; give a study's best.yaml, or a trial's config.yaml"),
        ("[5]", "search.start"),
    ],
)  # fmt: skip
def test_what_can_be_no_trial_is_told(start: str, message: str, planned: Planned) -> None:
    with pytest.raises(UserError) as caught:
        planned(f"search.start={start}")
    assert str(caught.value).startswith(message)


def test_a_best_yaml_is_what_it_has_on_top_of_the_base(
    planned: Planned, swept: Swept, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = planned("optimizer=sgd", "train.batch_size=128", "train.epochs=2", "search.n_trials=3", "study.name=first")
    run_sweep(swept(plan), InlineExecutor())
    best = read_study(plan.folder).best
    assert best is not None
    capsys.readouterr()
    found = overrides(planned(f"search.start=['{plan.folder.best}']"))
    assert found == [{"optimizer": "sgd", **best.overrides, "train.batch_size": "128"}]
    assert "differs in train.epochs too, which a search does not change" in capsys.readouterr().out
    assert overrides(planned("optimizer=sgd", "train.batch_size=128", "train.epochs=2",
                             f"search.start=['{plan.folder.trial(0).config}']")) == [{}]  # fmt: skip


def test_a_damaged_file_is_told(planned: Planned, swept: Swept, tmp_path: Path) -> None:
    plan = planned("search.n_trials=1")
    run_sweep(swept(plan), InlineExecutor())
    content = read_yaml(plan.folder.best)
    function = {"_target_": "mnist_sweep.tasks.Function", "function": "own.f", "metrics": None}
    other = {"task": function, "params": {}}
    for change, part in (({"model": None}, "no trial's configuration"), (other, "of another task, Function")):
        write_yaml(tmp_path / "other.yaml", {**content, **change})
        with pytest.raises(UserError, match=r"^search.start: .*other.yaml is") as caught:
            planned(f"search.start=['{tmp_path / 'other.yaml'}']", "runtime.allowed_targets=[own]")
        assert part in str(caught.value)


def test_they_are_tried_first_and_say_so(planned: Planned, swept: Swept) -> None:
    plan = planned("search.start=['model.dropout=0.7','optimizer=sgd']", "search.n_trials=4")
    run_sweep(swept(plan), InlineExecutor())
    states = [check_state(plan.folder.trial(number).state) for number in range(4)]
    assert [state.origin for state in states] == [None, "search.start", "search.start", None]
    assert [state.overrides for state in states[:3]] == [{}, {"model.dropout": "0.7"}, {"optimizer": "sgd"}]
    study = read_study(plan.folder)
    assert study.trials[1].described == "dropout=0.7 (search.start)"
    assert study.values_of(study.trials[2]) == {"model.dropout": study.values_of(study.trials[0])["model.dropout"]}
    assert read_yaml(plan.folder.trial(2).config)["optimizer"]["_target_"] == "keras.optimizers.SGD"
    more = planned("search.start=['model.dropout=0.7','model.dropout=0.6']", "search.n_trials=5")  # the same study
    run_sweep(swept(more), InlineExecutor())
    assert check_state(plan.folder.trial(4).state).overrides == {"model.dropout": "0.6"}
