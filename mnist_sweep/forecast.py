"""What a search would cost: its smallest and largest networks are built, and some of their steps are timed."""

import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from mnist_sweep.config import TrialConfig, UserError
from mnist_sweep.config.space import holds
from mnist_sweep.config.space_check import ends
from mnist_sweep.executors import Done, Failed, Job, Limits, LocalExecutor
from mnist_sweep.launch import workers
from mnist_sweep.pool import WRITING, processes
from mnist_sweep.searching import Plan
from mnist_sweep.study.trials import as_number

FIXED_SECONDS = 4  # of a trial, before its first step and after its last: tracing, predictions, figures
FILES_BYTES = 700_000  # of a trial without its model: figures, predictions, tables, and their copy in MLflow's store
BYTES_PER_PARAMETER = 4
BYTES_PER_PIXEL = 6  # of the data set: float32 to train with, uint8 while it is read, and a part of a copy
TRIES = 3  # of a process that is ended from outside
SPARE = 0.9  # of the free memory may be used
CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Network:
    """A network of the search: parameters, seconds of a step and of a whole trial."""

    name: str
    parameters: int
    step_seconds: float
    trial_seconds: float


@dataclass(frozen=True)
class Forecast:
    """The networks of a search: base, smallest, largest; and what it takes.

    `memory` in bytes of the greediest trial; `seconds` of all trials without pruning; `disk` in bytes.
    """

    networks: list[Network]
    memory: float
    seconds: float
    disk: float


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


def _probe(plan: Plan, *probes: Probe) -> list[list[dict[str, float]]]:
    """What is found by each of the probes, which run at the same time."""
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
            for number, probe in enumerate(probes):
                settings = {"allowed": plan.composer.allowed, "data": plan.description.plain(), "steps": probe.steps}
                configs = [config.plain() for config in probe.configs]
                executor.submit(Job(number, "probe", {"configs": configs}, f"{folder}/{number}", settings))
            while len(ended) < len(probes):
                ended |= {e.number: e for e in executor.events(1.0) if isinstance(e, Done | Failed)}
        finally:
            executor.close()
    return ended


def _tries(plan: Plan) -> list[tuple[str, str]]:
    """Every parameter of the model at each of its ends."""
    searched = [p for p in plan.parameters if p.key.startswith("model.") and holds(p.condition, plan.values)]
    return [(p.key, text) for p in searched for text in ends(p.domain)]


def _alone(plan: Plan, tries: Sequence[tuple[str, str]]) -> Probe:
    """The networks of the base configuration with one parameter at one of its ends."""
    return Probe([plan.composer.config({key: text}) for key, text in tries], 0)


def _sizes(plan: Plan, tries: Sequence[tuple[str, str]]) -> list[dict[str, float]]:
    """What is found of each end alone; raises UserError with the one that can't be built, if it is a single one."""
    try:
        return _probe(plan, _alone(plan, tries))[0]
    except UserError:
        for key, text in tries:
            try:
                _probe(plan, _alone(plan, [(key, text)]))
            except UserError as error:
                raise UserError(f"{key}={text}: {error}") from None
        raise


def _extremes(
    tries: Sequence[tuple[str, str]], found: Sequence[Mapping[str, float]]
) -> tuple[dict[str, str], dict[str, str]]:
    """Overrides of the smallest and of the largest network: each parameter at the end that makes it so."""
    smallest: dict[str, str] = {}
    largest: dict[str, str] = {}
    for key in dict.fromkeys(key for key, _ in tries):
        sizes = [(one["parameters"], text) for (other, text), one in zip(tries, found, strict=True) if other == key]
        if min(sizes)[0] < max(sizes)[0]:
            smallest[key], largest[key] = min(sizes)[1], max(sizes)[1]
    return smallest, largest


def _largest_batch(plan: Plan) -> dict[str, str]:
    for parameter in plan.parameters:
        if parameter.key == "train.batch_size" and holds(parameter.condition, plan.values):
            return {parameter.key: max(ends(parameter.domain), key=int)}
    return {}


def _trial_seconds(config: TrialConfig, found: Mapping[str, float], plan: Plan) -> float:
    data = plan.description
    steps = math.ceil(data.train_images / config.train.batch_size)
    return FIXED_SECONDS + config.train.epochs * (
        steps * found["step_seconds"] + data.validation_images * found["evaluation_seconds"]
    )


def data_bytes(plan: Plan) -> int:
    """Bytes that the images take, once for all trials."""
    data = plan.description
    return BYTES_PER_PIXEL * math.prod(data.image) * (data.train_images + data.validation_images)


def forecast(plan: Plan, steps: int) -> Forecast:
    """Builds and times the base configuration, the smallest and the largest network; trains nothing, writes nothing.

    Raises UserError for networks that can't be built, or of which `runtime.workers` at a time don't fit into memory.
    """
    tries = _tries(plan)
    smallest, largest = _extremes(tries, _sizes(plan, tries))
    named: dict[str, dict[str, str]] = {"base (trial 0)": {}, "smallest": smallest, "largest": largest}
    configs = [plan.composer.config(overrides) for overrides in named.values()]
    found = _probe(plan, Probe(configs, steps))[0]
    networks = [
        Network(name, int(one["parameters"]), one["step_seconds"], _trial_seconds(config, one, plan))
        for name, config, one in zip(named, configs, found, strict=True)
    ]
    most = max(networks, key=lambda network: network.parameters)
    greediest = _probe(plan, Probe([_greediest(plan, named[most.name])], 1))[0][0]
    memory = _check_memory(plan, greediest["memory"])
    at_once = min(workers(plan.settings.runtime), plan.settings.search.n_trials)
    # Half of the way from the smallest to the largest is a middling trial.
    seconds = plan.settings.search.n_trials * (networks[1].trial_seconds + networks[2].trial_seconds) / 2 / at_once
    return Forecast(networks, memory, seconds, _disk(plan, networks[2].parameters))


def _greediest(plan: Plan, largest: Mapping[str, str]) -> TrialConfig:
    """The largest network with the largest batch."""
    return plan.composer.config({**largest, **_largest_batch(plan)})


def _likely_largest(tries: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Every parameter that is a number at its higher end: the largest network, unless something is unusual."""
    return dict(sorted((pair for pair in tries if as_number(pair[1]) is not None), key=lambda p: float(p[1])))


def _disk(plan: Plan, parameters: int) -> float:
    settings = plan.settings
    return settings.search.n_trials * FILES_BYTES * 2 + settings.study.keep_models * BYTES_PER_PARAMETER * parameters


@dataclass(frozen=True)
class Ceiling:
    """The largest network of a search: parameters, bytes of memory, seconds of a trial; bytes of disk of them all."""

    parameters: int
    memory: float
    trial_seconds: float
    disk: float


def ceiling(plan: Plan) -> Ceiling:
    """Checks that the networks of a search can be built and fit into memory, as `forecast` does, in a second or two.

    Raises UserError as `forecast` does.
    """
    tries = _tries(plan)
    likely = _likely_largest(tries)
    found: dict[str, float] | None
    try:
        alone, (found,) = _probe(plan, _alone(plan, tries), Probe([_greediest(plan, likely)], 1))
    except UserError:  # the ends may be sound where together they are not
        found, alone = None, _sizes(plan, tries)
    _, largest = _extremes(tries, alone)
    if found is None or not largest.items() <= likely.items():
        found = _probe(plan, Probe([_greediest(plan, largest)], 1))[0][0]
    memory = _check_memory(plan, found["memory"])
    config = _greediest(plan, largest)
    parameters = int(found["parameters"])
    return Ceiling(parameters, memory, _trial_seconds(config, found, plan), _disk(plan, parameters))


def _check_memory(plan: Plan, own: float) -> float:
    """What a trial that has so many bytes of its own comes to with the images, which all share.

    Raises UserError where that is more than a trial may have, or all of them together than can be had.
    """
    images, trials, limit = data_bytes(plan), plan.settings.search.n_trials, plan.settings.runtime.memory_limit
    at_once = min(workers(plan.settings.runtime), trials)
    need = own + images
    if limit is not None and need > limit:
        raise UserError(
            f"runtime.memory_limit must be at least {need / 1e9:.1f}GB for the largest network of the space, "
            f"got {limit / 1e9:g}GB"
        )
    free = SPARE * free_memory()
    together = min(processes(at_once), trials) * own + images
    if together > free:
        fitting = int((free - images) // own / (1 + WRITING))
        way = f"use runtime.workers={fitting}" if fitting > 0 else "narrow the range of what makes the model so large"
        raise UserError(
            f"runtime.workers={at_once} trials of the largest network of the space need "
            f"{together / 1e9:.1f} GB of memory, but {free / 1e9:.1f} GB can be had; {way}"
        )
    return need
