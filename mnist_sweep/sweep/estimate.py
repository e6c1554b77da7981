"""What a search would cost: its smallest and largest networks are built, and some of their steps are timed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mnist_sweep.config import TrialConfig, UserError
from mnist_sweep.config.space import holds
from mnist_sweep.config.space_check import ends
from mnist_sweep.execution.jobs import workers
from mnist_sweep.execution.runner import WRITING, processes
from mnist_sweep.search.trials import as_number
from mnist_sweep.sweep.plan import Plan
from mnist_sweep.sweep.probe import SPARE, Probe, free_memory, probe

FIXED_SECONDS = 4  # of a trial, before its first step and after its last: tracing, predictions, figures
FILES_BYTES = 700_000  # of a trial without its model: figures, predictions, tables, and their copy in MLflow's store
BYTES_PER_PARAMETER = 4
BYTES_PER_PIXEL = 6  # of the data set: float32 to train with, uint8 while it is read, and a part of a copy


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
        return probe(plan, _alone(plan, tries))[0]
    except UserError:
        for key, text in tries:
            try:
                probe(plan, _alone(plan, [(key, text)]))
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
    found = probe(plan, Probe(configs, steps))[0]
    networks = [
        Network(name, int(one["parameters"]), one["step_seconds"], _trial_seconds(config, one, plan))
        for name, config, one in zip(named, configs, found, strict=True)
    ]
    most = max(networks, key=lambda network: network.parameters)
    greediest = probe(plan, Probe([_greediest(plan, named[most.name])], 1))[0][0]
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
        alone, (found,) = probe(plan, _alone(plan, tries), Probe([_greediest(plan, likely)], 1))
    except UserError:  # the ends may be sound where together they are not
        found, alone = None, _sizes(plan, tries)
    _, largest = _extremes(tries, alone)
    if found is None or not largest.items() <= likely.items():
        found = probe(plan, Probe([_greediest(plan, largest)], 1))[0][0]
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
