"""What train, confirm and reproduce have in common: jobs whose runs are recorded, mirrored and shown."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mnist_sweep.config.metrics import Row
from mnist_sweep.execution.executor import Job
from mnist_sweep.execution.job_folder import folder_of, remove_checkpoint
from mnist_sweep.execution.progress import Progress
from mnist_sweep.storage.run_record import RunDescription
from mnist_sweep.storage.state import StateFile
from mnist_sweep.tracking.run_recorder import RunRecorder


@dataclass(frozen=True)
class Shown:
    """What is shown of a run that begins: what is tried, and for how many epochs."""

    what: Mapping[str, str]
    epochs: int


class RecordedRuns(ABC):
    """A source of jobs that records each run from its beginning to its end; the kinds of runs say what is special.

    Attributes:
        failures: How many runs have failed.
    """

    goes_on = False  # whether the next call runs again what was interrupted
    streams_epochs = True  # whether MLflow has the epochs while the run goes on

    def __init__(self, recorder: RunRecorder, progress: Progress) -> None:
        self.recorder = recorder
        self.progress = progress
        self.failures = 0

    @abstractmethod
    def next_job(self) -> Job | None:
        """Returns the next job, None where there is none."""

    @abstractmethod
    def describe(self, job: Job) -> RunDescription:
        """Returns what the run is, for its record."""

    @abstractmethod
    def show(self, job: Job) -> Shown:
        """Returns what is shown when the run begins."""

    @abstractmethod
    def conclude(self, job: Job, result: Mapping[str, Any]) -> tuple[StateFile, str]:
        """Returns the state of a run that has ended well, and what is shown of it."""

    @abstractmethod
    def fail(self, job: Job, reason: str) -> tuple[StateFile, str]:
        """Returns the state of a run that has failed, and what is shown of it."""

    @abstractmethod
    def leave(self, job: Job) -> StateFile:
        """Returns what is written of a run that was interrupted."""

    def submitted(self, job: Job) -> None:
        """Records that the run begins."""
        self.recorder.started(folder_of(job), self.describe(job))
        shown = self.show(job)
        self.progress.started(job.number, shown.what, shown.epochs)

    def started(self, job: Job) -> None:  # noqa: ARG002
        """Nothing is waited for any more."""
        self.progress.note = ""

    def epoch(self, job: Job, row: Row) -> bool:
        """Shows an epoch; no run is stopped."""
        self.progress.epoch(job.number, row)
        if self.streams_epochs:
            self.recorder.epoch(folder_of(job), row)
        return False

    def trained(self, job: Job) -> None:  # noqa: B027 - nothing is recorded of it
        """Nothing is recorded of it."""

    def done(self, job: Job, result: dict[str, Any]) -> None:
        """Records that the run has ended well."""
        self._end(job, *self.conclude(job, result))

    def failed(self, job: Job, reason: str) -> None:
        """Records that the run has failed."""
        self.failures += 1
        self._end(job, *self.fail(job, reason))

    def _end(self, job: Job, state: StateFile, text: str) -> None:
        self.recorder.ended(folder_of(job), state)
        self.progress.ended(job.number, state.state, text)

    def lost(self, job: Job, reason: str) -> None:
        """Shows that the run begins again."""
        self.progress.dropped(job.number)
        self.progress.warn(f"run {job.number} was lost: {reason}; it is run again")

    def interrupted(self, job: Job) -> None:
        """Records that the run was left before its end."""
        self.recorder.interrupted(folder_of(job), self.leave(job))
        if not self.goes_on:
            remove_checkpoint(job)
        self.progress.dropped(job.number)
