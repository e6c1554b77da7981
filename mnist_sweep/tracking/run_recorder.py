"""A run's record.json and state.json: written by the driver into its folder, then mirrored in MLflow."""

import time
from dataclasses import replace
from pathlib import Path

from filelock import FileLock

from mnist_sweep.config.metrics import Row
from mnist_sweep.storage.folders import TrialFolder
from mnist_sweep.storage.run_record import RunDescription, run_record
from mnist_sweep.storage.state import StateFile, TrialState, write_state
from mnist_sweep.tracking.tracker import Tracker


class RunRecorder:
    """Records the runs of trials, from their beginning to their end."""

    def __init__(self, tracker: Tracker, locks: bool = False) -> None:
        """Makes a recorder.

        Args:
            tracker: Mirrors the folders.
            locks: Whether a lock is held in the folder of each running trial, for trials that no study's lock covers: a
                free one tells `sync` that its driver is gone.
        """
        self.tracker = tracker
        self._takes_locks = locks
        self._started: dict[Path, float] = {}
        self._locks: dict[Path, FileLock] = {}

    def started(self, folder: TrialFolder, run: RunDescription) -> None:
        """Writes the record of a run that begins, and makes its MLflow run."""
        record = run_record(run)
        self._started[folder.path] = record.started
        if self._takes_locks and folder.path not in self._locks:
            self._locks[folder.path] = FileLock(folder.lock)
            self._locks[folder.path].acquire()
        record.write(folder.record)
        self.tracker.start_trial(folder)

    def epoch(self, folder: TrialFolder, row: Row) -> None:
        """Sends an epoch to MLflow."""
        self.tracker.epoch(folder, dict(row))

    def ended(self, folder: TrialFolder, state: StateFile) -> StateFile:
        """Writes how a run has ended, and ends its MLflow run.

        Args:
            folder: The run's folder.
            state: Its state; the times are added where they are None.

        Returns:
            What was written.
        """
        started = self._started.pop(folder.path, None) if state.started is None else state.started
        written = replace(state, started=started, ended=time.time() if state.ended is None else state.ended)
        folder.path.mkdir(parents=True, exist_ok=True)
        write_state(folder.state, written)
        self.tracker.finish_trial(folder)
        if lock := self._locks.pop(folder.path, None):
            lock.release()
        return written

    def interrupted(self, folder: TrialFolder, state: StateFile) -> None:
        """Writes that a run was left before its end."""
        self.ended(folder, replace(state, state=TrialState.INTERRUPTED))

    def close(self) -> bool:
        """Waits until MLflow has everything; returns whether it has."""
        return self.tracker.close()
