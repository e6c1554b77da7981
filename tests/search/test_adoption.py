"""A finished trial of another study becomes one of Optuna's."""

import optuna
import pytest

from mnist_sweep.config.image_classifier import METRICS
from mnist_sweep.config.space import active, parse_space
from mnist_sweep.search.adoption import finished_trial, params_of, steps_of
from mnist_sweep.storage.state import TrialState

DOMAINS = active(parse_space({"a": "range(1,10)", "b": "choice(x,y)"}, {}), {})
ROWS = [{"epoch": 1.0, "val_accuracy": 0.5}, {"epoch": 2.0, "val_accuracy": 0.9}, {"epoch": 3.0, "val_accuracy": 0.7}]


def test_a_complete_trial_has_its_values_and_what_the_pruner_would_have_been_told() -> None:
    params = params_of(DOMAINS, {"a": "3", "b": "y"})
    trial = finished_trial(DOMAINS, params, TrialState.COMPLETE, [0.7], {1: 0.5, 2: 0.9}, {"size<=3": 0.5})
    assert (trial.params, trial.values, trial.intermediate_values) == ({"a": 3, "b": "y"}, [0.7], {1: 0.5, 2: 0.9})
    assert trial.constraints == {"size<=3": 0.5}
    study = optuna.create_study(direction="maximize")
    study.add_trial(finished_trial(DOMAINS, params, TrialState.COMPLETE, [0.7], {}, {}))
    assert study.best_params == {"a": 3, "b": "y"}


@pytest.mark.parametrize(("steps", "values"), [({1: 0.5, 2: 0.9}, [0.9]), ({}, None)])
def test_a_pruned_trial_has_its_last_report_as_optuna_has_it(steps: dict[int, float], values: list[float]) -> None:
    trial = finished_trial(DOMAINS, {"a": 3}, TrialState.PRUNED, [0.7], steps, {})
    assert (trial.state, trial.values) == (optuna.trial.TrialState.PRUNED, values)


def test_values_outside_of_the_space_are_left_out() -> None:
    trial = finished_trial(DOMAINS, {"a": 50, "b": "x"}, TrialState.COMPLETE, [0.7], {}, {})
    assert (trial.params, list(trial.distributions)) == ({"b": "x"}, ["b"])


@pytest.mark.parametrize(("name", "steps"), [("val_accuracy", [0.5, 0.9, 0.7]), ("best_val_accuracy", [0.5, 0.9, 0.9])])
def test_each_epoch_tells_the_objective_as_it_then_stood(name: str, steps: list[float]) -> None:
    assert name in METRICS.known
    assert steps_of(METRICS.objective(name, "maximize"), ROWS) == dict(zip((1, 2, 3), steps, strict=True))


def test_epochs_without_the_objective_tell_the_pruner_nothing() -> None:
    rows = [{"epoch": 1.0, "loss": 0.5}, {"epoch": 2.0, "val_accuracy": 0.9}]
    assert steps_of(METRICS.objective("val_accuracy", "maximize"), rows) == {2: 0.9}


def test_a_whole_number_may_be_written_with_a_point() -> None:
    assert params_of(DOMAINS, {"a": "3.0"}) == {"a": 3}
