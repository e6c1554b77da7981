"""A search is checked from end to end before it begins."""

import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.config.composed import Composed
from mnist_sweep.config.study_settings import StudyConfig
from mnist_sweep.driver.plan import Plan, make_plan, study_name, with_command_line
from mnist_sweep.tasks.data import not_shown

SEARCH = {"search": {"space": {"a.x": "interval(0,1)", "a.y": "range(3)"},
                     "when": {"o=adam": {"o.b": "range(2)", "a.z": "range(4)"}, "o=sgd": {"o.b": "range(5)"}}},
          "model": {"units": 8}}  # fmt: skip


def test_the_command_lines_parameters_replace_those_of_the_configuration() -> None:
    found = with_command_line(SEARCH, {"a.x": "choice(1,2)", "o.b": "range(9)"}, set())
    assert found["search"]["space"] == {"a.y": "range(3)", "a.x": "choice(1,2)", "o.b": "range(9)"}
    assert found["search"]["when"] == {"o=adam": {"a.z": "range(4)"}}
    assert found["model"] == {"units": 8}
    assert "o=sgd" in SEARCH["search"]["when"]


def test_what_has_one_value_on_the_command_line_is_not_searched() -> None:
    found = with_command_line(SEARCH, {}, {"a.y", "a.z", "o.b", "model"})
    assert found["search"] == {"space": {"a.x": "interval(0,1)"}, "when": {}}


@pytest.mark.parametrize("key", ["search.n_trials", "study.seed", "runtime.workers", "tracking.uri"])
def test_what_is_around_the_trials_can_not_be_searched(key: str) -> None:
    with pytest.raises(
        UserError, match=f"{key} can't be searched: (several values are given as a list|confirm trains)"
    ):
        with_command_line(SEARCH, {key: "choice(1,2)"}, set())


@pytest.mark.parametrize("wrong", [{}, {"search": None}, {"search": {"space": [], "when": {}}}, {"search": {}}])
def test_what_is_wrong_in_the_configuration_is_left_to_its_own_check(wrong: dict[str, Any]) -> None:
    assert with_command_line(wrong, {"a.x": "range(3)"}, {"a.y"}) is wrong


def test_a_plan_has_all_that_a_search_needs(planned: Callable[..., Plan], tmp_path: Path) -> None:
    plan = planned("search.n_trials=5")
    assert plan.folder.path == tmp_path / "runs/dnn-digits"
    assert not plan.folder.path.exists()
    assert "model.dropout" in {parameter.key for parameter in plan.parameters}
    assert plan.plain["search"]["space"]["model.dropout"] == "interval(0.0,0.5)"
    assert (plan.values["model.dropout"], plan.values["model"]) == ("0.0", "dnn")
    assert plan.description.train_images + plan.description.validation_images == 1437
    assert plan.composer.config({}) == plan.base
    words = shlex.split(plan.command({"model.dropout": "0.25"}))
    assert words[:2] == ["mnist-sweep", "train"]
    assert words[-1] == "model.dropout=0.25"
    assert not any(word.startswith(("search.", "runtime.", "runs_folder")) for word in words)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("data.validation=test", "data.validation must be split for a search, got test"),
        ("search.n_trials=0", "search.n_trials must be at least 1, got 0"),
        ("study.name=train", "study.name must not be train or reproduce for a search"),
        ("study.name=artifacts", "study.name must not be artifacts"),
        ("train.batch_size=100000", "train.batch_size"),
        ("+sampler.wrong=1", "sampler.wrong is not a known key"),
    ],
)
def test_the_first_mistake_is_told(planned: Callable[..., Plan], tmp_path: Path, override: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        planned(override)
    assert str(caught.value).startswith(message)
    assert not (tmp_path / "runs").exists()


def test_a_space_that_does_not_fit_is_told(composed: Callable[..., Composed], planned: Callable[..., Plan]) -> None:
    with pytest.raises(UserError, match=r"model\.dropuot is not a known key; did you mean model\.dropout\?"):
        planned(sweeps={"model.dropuot": "interval(0,1)"})
    with pytest.raises(UserError, match=r"model\.dropout"):
        planned(sweeps={"model.dropout": "interval(0,1.5)"})


def test_a_study_is_named_after_model_and_data_unless_it_has_a_name(planned: Callable[..., Plan]) -> None:
    plan = planned()
    named = replace(plan.settings, study=StudyConfig("mine", 0, False, 1))
    assert study_name(plan.settings, plan.base) == "dnn-digits"
    assert study_name(named, plan.base) == "mine"


def test_all_options_of_a_group_are_searched_and_listed(planned: Callable[..., Plan]) -> None:
    plan = planned(sweeps={"optimizer": "glob(*,exclude=rmsprop)", "model.units.0": "choice(8,16)"})
    assert (
        plan.plain["search"]["space"]["optimizer"] == "choice(adam,adamw,sgd)"
    )  # stored so: new ones are another study
    assert [parameter.key for parameter in plan.parameters] == ["optimizer", "model.units.0"]
    with pytest.raises(UserError, match=r"search.space.model.dropout must list its values: glob is for the options of"):
        planned(sweeps={"model.dropout": "glob(*)"})


def test_a_space_whose_conditions_can_not_hold_has_nothing_to_search(composed: Callable[..., Composed]) -> None:
    call = composed(sweeps={})
    call.config["search"]["when"] = {"model._target_=no": {"model.dropout": "interval(0.0,0.5)"}}
    with pytest.raises(
        UserError, match=r"search\.space must have a parameter .* no condition of search\.when can hold"
    ):
        make_plan(call, print, not_shown)
