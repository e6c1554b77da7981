"""What has ended in a search: counts, ranks, and what is left out of them."""

from mnist_sweep.config.image_classifier import METRICS
from mnist_sweep.search.finished import Finished
from mnist_sweep.search.trials import Standing
from mnist_sweep.storage.state import TrialState


def finished(*trials: Standing) -> Finished:
    found = Finished([METRICS.objective("val_accuracy", "maximize")])
    for trial in trials:
        found.add(trial)
    return found


def trial(
    number: int, value: float | None, state: TrialState = TrialState.COMPLETE, broken: tuple[str, ...] = ()
) -> Standing:
    return Standing(number, state, None if value is None else (value,), {}, None, infeasible=broken)


def test_every_trial_counts_and_only_complete_and_feasible_ones_are_ranked():
    found = finished(
        trial(3, 0.9, broken=("parameters=9, not parameters<=5",)),
        trial(0, 0.7),
        trial(1, 0.95, TrialState.PRUNED),
        trial(4, None, TrialState.FAIL),
        trial(2, 0.8),
    )
    assert len(found) == 5
    assert [one.number for one in found.trials()] == [0, 1, 2, 3, 4]
    assert (found.ranked(), found.ranked(beyond=1), found.ranked(most=1)) == ([2, 0], [0], [2])
    assert found.best() is found.trial(2)
    assert found.counts == {TrialState.COMPLETE: 3, TrialState.PRUNED: 1, TrialState.FAIL: 1}


def test_a_trial_that_is_left_out_is_no_longer_ranked_but_remains():
    found = finished(trial(0, 0.7), trial(1, 0.8))
    found.leave_out([1])
    assert found.ranked() == [0]
    assert found.best() is found.trial(0)
    assert found.trial(1) is not None
    assert len(found) == 2


def test_of_a_search_without_a_complete_trial_there_is_no_best():
    found = finished(trial(0, None, TrialState.FAIL))
    assert (found.best(), found.ranked(), found.front(), found.trial(1)) == (None, [], [], None)
