"""Builds networks of a search and times some of their steps, within the memory that is available."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from mnist_sweep.config import TrialConfig, UserError
from mnist_sweep.config.kernels import chosen
from mnist_sweep.config.traits import traits
from mnist_sweep.driver.plan import Plan
from mnist_sweep.execution.executor import Job, Limits
from mnist_sweep.execution.local import LocalExecutor
from mnist_sweep.execution.progress import Silent
from mnist_sweep.execution.ready import Unshown
from mnist_sweep.execution.runner import Runner
from mnist_sweep.storage.environment import kernels_of

SPARE = 0.9  # of the available memory may be used
CGROUP = Path("/sys/fs/cgroup")
MEMORY_ERRORS = ("of memory", "OOM", "ResourceExhausted", "MemoryError", "allocat")


def free_memory() -> int:
    """Returns the bytes that are available, as the machine and its container say."""
    free = int(psutil.virtual_memory().available)
    try:
        limit, used, stat = (
            (CGROUP / f"memory.{name}").read_text(encoding="ascii") for name in ("max", "current", "stat")
        )
        cached = {key: int(value) for key, value in map(str.split, stat.splitlines())}
        return min(free, int(limit) - int(used) + cached["inactive_file"] + cached["active_file"])
    except (OSError, ValueError, KeyError):  # no container, or no limit
        return free


@dataclass(frozen=True)
class Probe:
    """Networks that are built in a process of their own, and how many steps of each are timed there."""

    configs: Sequence[TrialConfig]
    steps: int


def probe(plan: Plan, *probes: Probe) -> list[list[dict[str, float]]]:
    """Builds networks, and times some steps of them; the probes run at the same time.

    Args:
        plan: The search that the networks are of.
        probes: What is built.

    Returns:
        For each probe what was found of each of its configurations: `parameters`, and where steps were timed
        `step_seconds`, `evaluation_seconds` (of an image) and `memory` (bytes).

    Raises:
        UserError: A network can't be built, or does not fit into memory.
    """
    limit = min(int(SPARE * free_memory()), plan.settings.runtime.memory_limit or 2**63)
    executor = LocalExecutor(Limits(memory=limit), traits(plan.task).preload)
    with tempfile.TemporaryDirectory() as folder:
        source = Unshown(_job(plan, number, one, folder) for number, one in enumerate(probes))
        try:
            Runner(executor, source, len(probes), None).run(Silent())
        finally:
            executor.close()
    for reason in source.reasons.values():
        if any(word in reason for word in MEMORY_ERRORS):
            raise UserError(
                f"search.space has networks that don't fit into memory: a trial may have {limit / 1e9:.1f} GB "
                f"({reason}); narrow the range of what makes the model so large, or train.batch_size"
            )
        raise UserError(f"a network of this space can't be built: {reason}")
    return [source.results[number]["found"] for number in range(len(probes))]


def _job(plan: Plan, number: int, one: Probe, folder: str) -> Job:
    settings = {"allowed": plan.composer.allowed, "data": plan.description.plain(), "steps": one.steps}
    configs = {"configs": [config.plain() for config in one.configs]}
    kernels = chosen(kernels_of(plan.folder))
    return Job(number, "probe", configs, f"{folder}/{number}", settings, kernels=kernels)
