"""A run's record and its state, as the driver writes them."""

from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from mnist_sweep.config.settings import TrackingConfig
from mnist_sweep.storage.folders import TrialFolder
from mnist_sweep.storage.run_record import RunDescription, RunKind, read_record
from mnist_sweep.storage.state import StateFile, TrialState, check_state
from mnist_sweep.tracking import Tracker
from mnist_sweep.tracking.run_recorder import RunRecorder


@pytest.fixture
def folder(tmp_path: Path) -> TrialFolder:
    (tmp_path / "0003").mkdir()
    return TrialFolder(tmp_path / "0003")


@pytest.fixture
def recorder(tmp_path: Path) -> RunRecorder:
    return RunRecorder(Tracker(TrackingConfig(False, None, "mine"), tmp_path, pytest.fail))


def described(folder: TrialFolder) -> RunDescription:
    return RunDescription(
        kind=RunKind.TRAIN, name="mine", study="train", folder=folder.path, command="mnist-sweep train",
        started_by="mnist-sweep train", config={"train": {"epochs": 2}}, data={"digest": "abc"}, executor="local",
        trial=3,
    )  # fmt: skip


def is_free(folder: TrialFolder) -> bool:
    try:
        with FileLock(folder.lock).acquire(timeout=0):
            return True
    except Timeout:
        return False


def test_a_run_ends_with_the_time_at_which_it_began(recorder: RunRecorder, folder: TrialFolder) -> None:
    recorder.started(folder, described(folder))
    record = read_record(folder.record)
    assert (record.name, record.params) == ("mine", {"train.epochs": 2})
    written = recorder.ended(folder, StateFile(3, TrialState.COMPLETE))
    assert written == check_state(folder.state)
    assert written.started == record.started <= written.ended
    assert recorder.close()


def test_times_that_are_given_stay(recorder: RunRecorder, folder: TrialFolder) -> None:
    recorder.started(folder, described(folder))
    state = StateFile(3, TrialState.FAIL, "no", started=1.0, ended=2.0)
    assert recorder.ended(folder, state) == state == check_state(folder.state)


def test_a_run_that_never_began_has_no_start_and_gets_its_folder(recorder: RunRecorder, tmp_path: Path) -> None:
    folder = TrialFolder(tmp_path / "study/trials/0007")
    written = recorder.ended(folder, StateFile(7, TrialState.FAIL, "it can't be composed"))
    assert (check_state(folder.state).started, check_state(folder.state).ended) == (None, written.ended)


def test_another_try_counts_from_its_own_beginning(recorder: RunRecorder, folder: TrialFolder) -> None:
    recorder.started(folder, described(folder))
    first = read_record(folder.record).started
    recorder.started(folder, described(folder))
    second = read_record(folder.record).started
    assert first < second == recorder.ended(folder, StateFile(3, TrialState.COMPLETE)).started


def test_an_interrupted_run_says_so_whatever_state_is_given(recorder: RunRecorder, folder: TrialFolder) -> None:
    recorder.interrupted(folder, StateFile(3, TrialState.RUNNING, "stopped"))
    assert (check_state(folder.state).state, check_state(folder.state).reason) == (TrialState.INTERRUPTED, "stopped")


def test_a_single_trial_holds_its_lock_while_it_runs(tmp_path: Path, folder: TrialFolder) -> None:
    recorder = RunRecorder(Tracker(TrackingConfig(False, None, "mine"), tmp_path, pytest.fail), locks=True)
    for _ in range(2):  # a second try takes the lock that it has
        recorder.started(folder, described(folder))
        assert not is_free(folder)
    recorder.ended(folder, StateFile(3, TrialState.COMPLETE))
    assert is_free(folder)


def test_a_trial_of_a_study_needs_no_lock(recorder: RunRecorder, folder: TrialFolder) -> None:
    recorder.started(folder, described(folder))
    assert not folder.lock.exists()
