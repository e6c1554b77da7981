"""From a trial's configuration to a job."""

import os
import shlex
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mnist_sweep.config import TrialConfig
from mnist_sweep.config.kernels import Kernels, chosen
from mnist_sweep.config.runtime_settings import RayConfig, RuntimeConfig
from mnist_sweep.config.sources import sources
from mnist_sweep.execution.executor import ANY, Job
from mnist_sweep.provenance import environment
from mnist_sweep.storage.folders import TrialFolder
from mnist_sweep.tasks.data import Description, shared


def workers(runtime: RuntimeConfig) -> int:
    """Returns how many trials may train at the same time: as configured, or one on each core; on a cluster, any."""
    return runtime.workers or (ANY if isinstance(runtime, RayConfig) else len(os.sched_getaffinity(0)))


def workers_here(runtime: RuntimeConfig) -> int:
    """Returns how many trials share the memory of one machine; that of a cluster's nodes is taken to be as this one."""
    if isinstance(runtime, RayConfig):
        return runtime.workers_per_node or len(os.sched_getaffinity(0))
    return workers(runtime)


def train_command(overrides: Sequence[str], flags: Sequence[str]) -> str:
    """Returns a trial's overrides as a command that can be pasted.

    Args:
        overrides: The trial's overrides.
        flags: Arguments that say where its configuration lies.
    """
    return shlex.join(["mnist-sweep", "train", *overrides, *flags])


def shortest(path: Path) -> str:
    """Returns a path as a person would type it: relative where that is shorter."""
    relative = os.path.relpath(path)
    return min(str(path), relative, key=len)


@dataclass(frozen=True)
class Batch:
    """What the trials of one command have in common.

    Attributes:
        config: The configuration of one of them, with whose data all are trained.
        description: What their data set is.
        trusted: The modules whose functions a configuration may name.
        flags: The arguments that say where the configuration lies.
        line: The command line that started them.
        shared: Where its data lie in memory, None if each trial reads them itself.
    """

    config: TrialConfig
    description: Description
    trusted: Sequence[str]
    flags: Sequence[str]
    line: str
    shared: dict[str, Any] | None = None

    def memory(self) -> AbstractContextManager[dict[str, Any] | None]:
        """Returns a context that holds the data in memory, for `shared`."""
        return shared(self.config, self.description)

    def has(self, config: TrialConfig) -> bool:
        """Returns whether the shared data are those of a trial."""
        return config.plain().get("data") == self.config.plain().get("data")


@dataclass(frozen=True)
class TrialRequest:
    """One trial to train.

    Attributes:
        number: Its number.
        config: Its configuration.
        overrides: The overrides that make it, for `mnist-sweep train`.
        folder: Where its files go.
        keep_model: Whether the trained network is kept.
        stop_after: The epoch to stop after, None for all epochs.
        was_stopped: Whether it repeats a trial that was stopped there.
        retries: How often it was lost before.
        constraints: Bounds of metrics, for one that is known to be beyond them before it is trained.
        kernels: What the trial that it repeats, or its study, was trained with; None for this machine's fastest.
        machine_class: The class of machine that the trial that it repeats, or its study, was trained on; None for any.
    """

    number: int
    config: TrialConfig
    overrides: Sequence[str]
    folder: TrialFolder
    keep_model: bool = False
    stop_after: int | None = None
    was_stopped: bool = False
    retries: int = field(default=0, kw_only=True)
    constraints: Sequence[str] = field(default=(), kw_only=True)
    kernels: Kernels | None = field(default=None, kw_only=True)
    machine_class: str | None = field(default=None, kw_only=True)


def make_job(trial: TrialRequest, batch: Batch) -> Job:
    """Returns a trial as a job; nothing is written yet."""
    description = batch.description.plain()
    command = train_command(trial.overrides, batch.flags)
    settings = {
        "allowed": list(batch.trusted),
        "data": description,
        "environment": {
            **environment(command, batch.line),
            "sources": sources(trial.config.plain()),
            "data": description,
        },
        "keep_model": trial.keep_model,
        "stop_after": trial.stop_after,
        "was_stopped": trial.was_stopped,
        "constraints": list(trial.constraints),
        "shared": batch.shared if batch.has(trial.config) else None,
    }
    return Job(
        number=trial.number,
        kind="train",
        config=trial.config.plain(),
        folder=str(trial.folder.path),
        settings=settings,
        kernels=chosen(trial.kernels),
        overrides=list(trial.overrides),
        retries=trial.retries,
        machine_class=trial.machine_class,
    )
