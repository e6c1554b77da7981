"""Finds out, in a process of its own, whether a task can run at all: before the first trial."""

import tempfile
from typing import Any

from mnist_sweep.config import TrialConfig, UserError
from mnist_sweep.config.metrics import Row
from mnist_sweep.config.settings import RuntimeConfig
from mnist_sweep.config.task import build_task
from mnist_sweep.config.traits import traits
from mnist_sweep.execution.executor import Job, Limits
from mnist_sweep.execution.local import LocalExecutor
from mnist_sweep.execution.progress import Silent
from mnist_sweep.execution.runner import Runner


class _Check:
    """The source of the one job."""

    def __init__(self, job: Job) -> None:
        self._jobs = [job]
        self.reason = ""

    def next_job(self) -> Job | None:
        return self._jobs.pop() if self._jobs else None

    def done(self, job: Job, result: dict[str, Any]) -> None:
        """It is ready."""

    def failed(self, job: Job, reason: str) -> None:  # noqa: ARG002
        self.reason = reason

    def epoch(self, job: Job, row: Row) -> bool:  # noqa: ARG002
        return False

    def submitted(self, job: Job) -> None:
        """Nothing is shown of it."""

    started = trained = interrupted = submitted

    def lost(self, job: Job, reason: str) -> None:
        """It is run again."""


def check_ready(config: TrialConfig, allowed: list[str], runtime: RuntimeConfig) -> None:
    """Raises UserError where a configuration's task can't run, such as for a function that can't be imported.

    Args:
        config: The configuration.
        allowed: The modules whose functions it may name.
        runtime: What the process may take.
    """
    executor = LocalExecutor(
        Limits(runtime.memory_limit, runtime.trial_timeout), traits(build_task(config.task)).preload
    )
    with tempfile.TemporaryDirectory() as folder:
        source = _Check(Job(0, "check", config.plain(), folder, {"allowed": allowed}))
        try:
            Runner(executor, source, 1, None).run(Silent())
        finally:
            executor.close()
    if source.reason:
        named = str(config.task.arguments.get("function", config.task.target))
        known = source.reason.startswith("task") or "mnist_sweep." in source.reason
        raise UserError(source.reason if known else f"task: {named} can't be run: {source.reason}")
