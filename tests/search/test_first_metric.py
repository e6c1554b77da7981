"""Pruning by the first of several metrics."""

import optuna
import pytest
from optuna.trial import TrialState as OptunasState

from mnist_sweep.config.space import parse_space
from mnist_sweep.search import Search
from mnist_sweep.search.first_metric import FirstMetric
from mnist_sweep.search.pruners.asha import SuccessiveHalvingPruner

HALVING = {"_target_": "mnist_sweep.search.SuccessiveHalvingPruner", "min_resource": 1, "reduction_factor": 2}


def halving() -> SuccessiveHalvingPruner:
    return SuccessiveHalvingPruner(min_resource=1, reduction_factor=2)


def test_it_decides_as_a_search_of_that_metric_alone() -> None:
    curves = [
        [0.5, 0.6, 0.7, 0.8],
        [0.4, 0.9, 0.9, 0.9],
        [0.6, 0.5, 0.4, 0.3],
        [0.7, 0.8, 0.9, 1.0],
        [0.65, 0.1, 0.1, 0.1],
    ]
    alone = optuna.create_study(direction="maximize", pruner=halving())
    several = FirstMetric("maximize", halving())
    for number, curve in enumerate(curves):
        trial = alone.ask()
        for step, value in enumerate(curve, 1):
            trial.report(value, step)
            expected = trial.should_prune()
            assert several.report(number, value, step) is expected
            if expected:
                break
        state = OptunasState.PRUNED if expected else OptunasState.COMPLETE
        alone.tell(trial, None if expected else curve[-1], state=state)
        several.end(number, state, None if expected else curve[-1])
    assert {trial.state for trial in alone.trials} == {OptunasState.PRUNED, OptunasState.COMPLETE}


def test_a_trial_that_reported_nothing_ends_too() -> None:
    found = FirstMetric("minimize", halving())
    found.end(3, OptunasState.FAIL, None)
    assert found.reported(3) == {}
    assert found.study.trials == []


@pytest.mark.parametrize("again", [False, True])
def test_a_search_prunes_by_its_first_metric_also_when_it_goes_on(again: bool, tmp_path, made_settings) -> None:
    def opened() -> Search:
        more = made_settings(pruner=HALVING, metric=["val_accuracy", "parameters"], prune_by_first=True)
        return Search(tmp_path / "journal", "mine", more, parse_space({"x": "interval(0.0,1.0)"}, {}), {"x": "0.5"})

    one = opened()
    assert one.prunes
    for value in (0.8, 0.9):
        number = one.ask().number
        assert not one.report(number, [{"epoch": 1, "val_accuracy": value}])
        one.tell(number, "COMPLETE", {"val_accuracy": value, "parameters": 5})
    one = opened() if again else one
    number = one.ask().number
    assert one.report(number, [{"epoch": 1, "val_accuracy": 0.1}])
    told = one.tell(number, "PRUNED", {"val_accuracy": 0.1, "parameters": 5})
    assert told.values is None
    assert one.report(one.ask().number, [{"epoch": 1, "val_accuracy": 0.95}]) is False


def test_without_it_several_metrics_prune_nothing(made_settings) -> None:
    more = made_settings(pruner=HALVING, metric=["val_accuracy", "parameters"])
    one = Search(None, "mine", more, parse_space({"x": "interval(0.0,1.0)"}, {}), {"x": "0.5"})
    assert not one.prunes
    assert not one.report(one.ask().number, [{"epoch": 1, "val_accuracy": 0.1}])


@pytest.mark.parametrize("again", [False, True])
def test_nobody_is_measured_by_what_does_not_meet_the_constraints(again: bool, tmp_path, made_settings) -> None:
    def opened() -> Search:
        more = made_settings(pruner=HALVING, metric=["val_accuracy", "parameters"], prune_by_first=True,
                             constraints=["parameters<=10"])  # fmt: skip
        return Search(tmp_path / "journal", "mine", more, parse_space({"x": "interval(0.0,1.0)"}, {}), {"x": "0.5"})

    one = opened()
    for value, parameters in ((0.5, 5), (0.9, 50)):
        number = one.ask().number
        assert not one.report(number, [{"epoch": 1, "val_accuracy": value}])
        one.tell(number, "COMPLETE", {"val_accuracy": value, "parameters": parameters})
    one = opened() if again else one
    assert not one.report(one.ask().number, [{"epoch": 1, "val_accuracy": 0.6}])


@pytest.mark.filterwarnings("ignore:The reported value is ignored")
def test_epochs_that_a_lost_trial_reports_again_are_not_decided_again() -> None:
    found = FirstMetric("maximize", halving())
    for number, values in ((0, (0.5, 0.6)), (1, (0.9, 0.9)), (2, (0.8, 0.8))):
        for step, value in enumerate(values, 1):
            found.report(number, value, step)
    for step in (1, 2):
        assert found.report(0, 0.99, step) == (step == 2)  # only the last one
