"""Networks of a search that are built, and some of whose steps are timed, within the memory that can be had."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from mnist_sweep.config import TrialConfig, UserError
from mnist_sweep.execution import Done, Failed, Job, Limits, LocalExecutor
from mnist_sweep.sweep.plan import Plan

TRIES = 3  # of a process that is ended from outside
SPARE = 0.9  # of the free memory may be used
CGROUP = Path("/sys/fs/cgroup")


def free_memory() -> int:
    """Bytes that can be had, as the machine and its container say."""
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
    """What is found by each of the probes, which run at the same time.

    Raises UserError for networks that can't be built, or don't fit into memory.
    """
    limit = min(int(SPARE * free_memory()), plan.settings.runtime.memory_limit or 2**63)
    for _ in range(TRIES):
        ended = _tried(plan, probes, limit)
        if not any(isinstance(event, Failed) and event.cause == "lost" for event in ended.values()):
            break
    found: list[list[dict[str, float]]] = []
    for number in range(len(probes)):
        event = ended[number]
        if isinstance(event, Done):
            found.append(event.result["found"])
            continue
        if any(word in event.reason for word in ("of memory", "OOM", "ResourceExhausted", "MemoryError", "allocat")):
            raise UserError(
                f"search.space has networks that don't fit into memory: a trial may have {limit / 1e9:.1f} GB "
                f"({event.reason}); narrow the range of what makes the model so large, or train.batch_size"
            )
        raise UserError(f"a network of this space can't be built: {event.reason}")
    return found


def _tried(plan: Plan, probes: Sequence[Probe], limit: int) -> dict[int, Done | Failed]:
    """How each of the probes ends."""
    executor = LocalExecutor(Limits(memory=limit))
    ended: dict[int, Done | Failed] = {}
    with tempfile.TemporaryDirectory() as folder:
        try:
            for number, one in enumerate(probes):
                settings = {"allowed": plan.composer.allowed, "data": plan.description.plain(), "steps": one.steps}
                configs = [config.plain() for config in one.configs]
                executor.submit(Job(number, "probe", {"configs": configs}, f"{folder}/{number}", settings))
            while len(ended) < len(probes):
                ended |= {e.number: e for e in executor.events(1.0) if isinstance(e, Done | Failed)}
        finally:
            executor.close()
    return ended
