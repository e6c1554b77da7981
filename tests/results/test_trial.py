"""A trial as its folder has it, at every stage of its life."""

from pathlib import Path

import pytest

from mnist_sweep.files import read_json, write_json
from mnist_sweep.results.trial import read_trial
from mnist_sweep.storage.folders import StudyFolder, TrialFolder
from mnist_sweep.storage.state import TrialState


@pytest.fixture
def folder(own_runs: Path) -> TrialFolder:
    return StudyFolder(own_runs / "dnn-digits").trial(1)


def test_a_complete_trial_has_values_curve_metrics_and_environment(folder: TrialFolder) -> None:
    trial = read_trial(folder)
    state = read_json(folder.state)
    assert (trial.number, trial.state, trial.values) == (1, TrialState.COMPLETE, state["values"])
    assert (trial.value, trial.overrides) == (state["values"][0], state["overrides"])
    assert [row["epoch"] for row in trial.rows] == [1, 2, 3]
    assert trial.metrics == read_json(folder.metrics)
    assert trial.environment is not None
    assert trial.environment.weights_digest == read_json(folder.environment)["weights_digest"]


@pytest.mark.parametrize(("is_held", "state"), [(True, TrialState.RUNNING), (False, TrialState.INTERRUPTED)])
def test_without_a_state_it_runs_as_long_as_its_driver_does(
    folder: TrialFolder, is_held: bool, state: TrialState
) -> None:
    folder.state.unlink()
    trial = read_trial(folder, is_held)
    assert (trial.state, trial.values, trial.value) == (state, [], None)
    assert trial.started == read_json(folder.record)["started"]


def test_damaged_files_are_as_good_as_missing(folder: TrialFolder) -> None:
    folder.state.write_text("{")
    write_json(folder.environment, {"data": {"digests": "none"}})
    folder.metrics.write_text("")
    trial = read_trial(folder)
    assert (trial.state, trial.environment, trial.metrics) == (TrialState.INTERRUPTED, None, {})
