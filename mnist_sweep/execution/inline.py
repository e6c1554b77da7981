"""Runs trials in the driver's own process, an epoch of each at a time: for tasks that train nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from mnist_sweep.config import UserError, parse_trial
from mnist_sweep.config.task import Task, build_task
from mnist_sweep.execution.executor import ANY, Done, Epoch, Event, Failed, Job, NodeStatus, Started
from mnist_sweep.storage.folders import TrialFolder
from mnist_sweep.tasks.context import TrialContext
from mnist_sweep.tasks.run import finish
from mnist_sweep.tasks.trial_settings import TrialSettings

EPOCH_SECONDS = 0.001  # of an epoch that takes no time


class InlineTask(Task, Protocol):
    """A task whose epochs are all known at once."""

    def epochs(self, config: Mapping[str, Any]) -> list[dict[str, float]]:
        """Returns the metrics of each epoch."""

    def returned(self, trial: TrialContext) -> dict[str, float]:
        """Returns the other metrics of a trial that has ended."""


@dataclass
class _Running:
    trial: TrialContext
    task: InlineTask
    left: list[dict[str, float]]


class InlineExecutor:
    """An executor without processes: an epoch of each trial for every call of `events`."""

    nodes: Sequence[NodeStatus] = ()

    def __init__(self, slots: int = ANY) -> None:
        self.slots = slots
        self.jobs: dict[int, _Running] = {}
        self._events: list[Event] = []
        self._stopped: set[int] = set()

    def submit(self, job: Job) -> None:
        """Begins a trial's folder."""
        settings = TrialSettings(**job.settings)
        folder = TrialFolder(Path(job.folder))
        try:
            config = parse_trial(job.config, settings.allowed)
            folder.path.mkdir(parents=True, exist_ok=True)
            folder.log.touch()
        except UserError as error:
            self._events.append(Failed(job.number, str(error), "error"))
            return

        def epoch(row: Mapping[str, float]) -> None:
            self._events.append(Epoch(job.number, dict(row)))

        task: Any = build_task(config.task)
        trial = TrialContext(config, folder, settings, epoch, lambda: False, lambda: None)
        trial.outcome["kernels"] = job.kernels
        self.jobs[job.number] = _Running(trial, task, task.epochs(config.plain()))
        self._events.append(Started(job.number))

    def events(self, timeout: float) -> list[Event]:  # noqa: ARG002 - there is nothing to wait for
        """Returns one epoch of each trial."""
        for number, job in list(self.jobs.items()):
            if number in self._stopped:
                job.trial.stopped = True
            if job.left and not job.trial.stopped:
                job.trial.record(len(job.trial.rows) + 1, job.left.pop(0), EPOCH_SECONDS)
            else:
                self._events.append(self._end(number))
        events, self._events = self._events, []
        return events

    def _end(self, number: int) -> Done:
        job = self.jobs.pop(number)
        self._stopped.discard(number)
        return Done(number, finish(job.trial, job.task, job.task.returned(job.trial)))

    def stop(self, number: int) -> None:
        """The trial ends with the next events."""
        if number in self.jobs:
            self._stopped.add(number)

    def close(self) -> None:
        """Forgets what still runs."""
        self.jobs.clear()
