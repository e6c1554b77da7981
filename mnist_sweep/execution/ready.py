"""Finds out, in a process of its own, whether a task can run at all: before the first trial."""

import tempfile
from collections.abc import Iterable
from typing import Any

from mnist_sweep.config import TrialConfig, UserError
from mnist_sweep.config.metrics import Row
from mnist_sweep.config.runtime_settings import RuntimeConfig
from mnist_sweep.config.task import build_task
from mnist_sweep.config.traits import traits
from mnist_sweep.execution.executor import Job, Limits
from mnist_sweep.execution.local import LocalExecutor
from mnist_sweep.execution.progress import Silent
from mnist_sweep.execution.runner import Runner


class Unshown:
    """A source of jobs that are no trials: nothing is shown or recorded of them.

    Attributes:
        results: The results of those that ended well, by number.
        reasons: Why the others failed, by number.
    """

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._waiting = iter(jobs)
        self.results: dict[int, dict[str, Any]] = {}
        self.reasons: dict[int, str] = {}

    def next_job(self) -> Job | None:
        """Returns the next job, None where there is none."""
        return next(self._waiting, None)

    def done(self, job: Job, result: dict[str, Any]) -> None:
        """Keeps the result."""
        self.results[job.number] = result

    def failed(self, job: Job, reason: str) -> None:
        """Keeps the reason."""
        self.reasons[job.number] = reason

    def epoch(self, job: Job, row: Row) -> bool:  # noqa: ARG002
        """Stops nothing."""
        return False

    def submitted(self, job: Job) -> None:
        """Shows nothing."""

    started = trained = interrupted = submitted

    def lost(self, job: Job, reason: str) -> None:
        """Shows nothing: it is run again."""


def check_ready(config: TrialConfig, allowed: list[str], runtime: RuntimeConfig) -> None:
    """Raises UserError where a configuration's task can't run, such as for a function that can't be imported.

    It does nothing for a task that has no `ready`.

    Args:
        config: The configuration.
        allowed: The modules whose functions it may name.
        runtime: What the process may take.
    """
    task = build_task(config.task)
    if not hasattr(task, "ready"):
        return
    executor = LocalExecutor(Limits(runtime.memory_limit, runtime.trial_timeout), traits(task).preload)
    with tempfile.TemporaryDirectory() as folder:
        source = Unshown([Job(0, "check", config.plain(), folder, {"allowed": allowed})])
        try:
            Runner(executor, source, 1, None).run(Silent())
        finally:
            executor.close()
    if reason := source.reasons.get(0):
        named = str(config.task.arguments.get("function", config.task.target))
        known = reason.startswith("task") or "mnist_sweep." in reason
        raise UserError(reason if known else f"task: {named} can't be run: {reason}")
