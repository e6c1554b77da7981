"""What a search will take: its smallest and largest networks are built, and some of their steps are timed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mnist_sweep.config import TrialConfig, UserError
from mnist_sweep.config.image_classifier import ImageClassifierConfig
from mnist_sweep.driver.budget import seconds_allowed
from mnist_sweep.driver.extremes import LARGEST, NETWORKS, SMALLEST, Found, TimedNetwork, timed_networks
from mnist_sweep.driver.forecast import expected_share
from mnist_sweep.driver.plan import Plan
from mnist_sweep.driver.probe import SPARE, free_memory
from mnist_sweep.execution.jobs import workers, workers_here
from mnist_sweep.execution.runner import WRITING, processes

FIXED_SECONDS = 4  # of a trial, before its first step and after its last: tracing, predictions, figures
FILES_BYTES = 700_000  # of a trial without its model: figures, predictions, tables, and their copy in MLflow's store
BYTES_PER_PARAMETER = 4
MANY = 100  # trials, where it is open how many there will be
BYTES_PER_PIXEL = 6  # of the data set: float32 to train with, uint8 while it is read, and a part of a copy


@dataclass(frozen=True)
class Network:
    """A network of the search: its parameters, seconds of a step and of a complete trial."""

    parameters: int
    step_seconds: float
    trial_seconds: float


@dataclass(frozen=True)
class Estimate:
    """What a search takes.

    Attributes:
        networks: The networks that were timed, by name.
        memory: Bytes of memory of the trial that needs most.
        seconds: Seconds of all trials without pruning; None unless the smallest and the largest network were timed.
        trial_seconds: Seconds of a trial as the pruner is expected to leave it; None like `seconds`.
        disk: Bytes of disk of all trials, of one where it is open how many there will be.
        trials: How many trials that is: `search.n_trials`, or fewer that fit into its time; None where that is open.
    """

    networks: dict[str, Network]
    memory: float
    seconds: float | None
    trial_seconds: float | None
    disk: float
    trials: int | None


def _trial_seconds(config: TrialConfig, found: Mapping[str, float], plan: Plan) -> float:
    data = plan.description
    assert isinstance(config, ImageClassifierConfig)
    steps = math.ceil(data.train_images / config.train.batch_size)
    return FIXED_SECONDS + config.train.epochs * (
        steps * found["step_seconds"] + data.validation_images * found["evaluation_seconds"]
    )


def data_bytes(plan: Plan) -> int:
    """Returns the bytes that the images take, once for all trials."""
    data = plan.description
    return BYTES_PER_PIXEL * math.prod(data.image) * (data.train_images + data.validation_images)


def estimate(plan: Plan, steps: int, names: Sequence[str] = NETWORKS) -> Estimate:
    """Builds and times networks of a search, in a few seconds; trains nothing and writes nothing.

    Args:
        plan: The search.
        steps: How many steps of each network are timed.
        names: Which of `NETWORKS` are timed; the largest is always one of them.

    Returns:
        Parameters, time, memory and disk.

    Raises:
        UserError: A network can't be built, or `runtime.workers` of the largest at a time don't fit into memory.
    """
    timed = timed_networks(plan, steps, names)
    networks = {name: _network(plan, one) for name, one in timed.items()}
    memory = _check_memory(plan, timed[LARGEST].found["memory"])
    mean, trial_seconds = _mean_seconds(plan, networks)
    trials = _trials(plan, trial_seconds)
    seconds = None
    if mean is not None and trials is not None:
        seconds = trials * mean / min(workers(plan.settings.runtime), trials)
    return Estimate(networks, memory, seconds, trial_seconds, _disk(plan, timed[LARGEST].found, trials), trials)


def disk_text(cost: Estimate) -> str:
    """Returns the disk that a search takes, in words."""
    return f"{cost.disk / 1e6:,.0f} MB of disk {'a trial' if cost.trials is None else 'in all'}"


def _trials(plan: Plan, trial_seconds: float | None) -> int | None:
    """How many trials the search will have: all of them, or what fits into its time."""
    limits = plan.settings.search
    allowed = seconds_allowed(limits)
    if allowed is None or not trial_seconds:
        return limits.n_trials
    fitting = max(1, round(allowed * workers(plan.settings.runtime) / trial_seconds))
    return fitting if limits.n_trials is None else min(fitting, limits.n_trials)


def _network(plan: Plan, timed: TimedNetwork) -> Network:
    seconds = _trial_seconds(plan.composer.config(dict(timed.overrides)), timed.found, plan)
    return Network(int(timed.found["parameters"]), timed.found["step_seconds"], seconds)


def _mean_seconds(plan: Plan, networks: Mapping[str, Network]) -> tuple[float | None, float | None]:
    """A trial without pruning, and one with it, at the mean of the smallest and the largest network."""
    if SMALLEST not in networks:
        return None, None
    search = plan.settings.search
    mean = (networks[SMALLEST].trial_seconds + networks[LARGEST].trial_seconds) / 2
    objectives, epochs = plan.settings.objectives, plan.base.epochs
    is_pruned = len(objectives) == 1 and objectives[0].curve is not None and epochs is not None
    share = expected_share(plan.settings.pruner, epochs or 1, search.n_trials or MANY) if is_pruned else 1.0
    return mean, FIXED_SECONDS + share * (mean - FIXED_SECONDS)


def _disk(plan: Plan, largest: Found, trials: int | None) -> float:
    """The bytes of all trials, kept models, and the checkpoints of those that run, with the ones that replace them."""
    settings, many = plan.settings, trials or MANY
    at_once = processes(min(workers(settings.runtime), many))
    models = settings.study.keep_models * BYTES_PER_PARAMETER * largest["parameters"]
    return (trials or 1) * FILES_BYTES * 2 + models + 2 * at_once * largest.get("checkpoint", 0.0)


def _check_memory(plan: Plan, own: float) -> float:
    """What a trial that has so many bytes of its own needs with the images, which all share.

    Raises UserError where that is more than a trial may have, or all of them together than can be had.
    """
    images, limit = data_bytes(plan), plan.settings.runtime.memory_limit
    trials = plan.settings.search.n_trials or MANY
    at_once = min(workers_here(plan.settings.runtime), trials)
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
            f"{together / 1e9:.1f} GB of memory, but {free / 1e9:.1f} GB are available; {way}"
        )
    return need
