"""How long a search will take: said before it starts, and learned from its trials as they end."""

from collections.abc import Sequence
from dataclasses import dataclass

from mnist_sweep.config import Component

HALVING = ("SuccessiveHalvingPruner", "HyperbandPruner")
PRIOR = 2.0  # trials that the estimate beforehand counts for
SPREAD = 1.5  # of the truth around an estimate beforehand: other work on the machine, and what the sampler finds
AFTERWARDS = 3.0  # seconds: the report, and what is left for MLflow


def expected_share(pruner: Component, epochs: int, trials: int) -> float:
    """Returns which part of their epochs trials are expected to train under a pruner.

    With asynchronous successive halving the first trials go on, as there is nothing to compare them with; a later one
    is in the best third of those so far with a probability of a third (Li et al., 2018; results in random order).

    Args:
        pruner: The pruner's class and arguments.
        epochs: The epochs of a complete trial.
        trials: The number of trials.
    """
    if pruner.name.endswith("NopPruner") or trials < 1 or epochs < 1:
        return 1.0
    if pruner.name not in HALVING:
        return 0.7  # half of them stopped, on the way
    first, factor = pruner.arguments.get("min_resource", 1), int(pruner.arguments.get("reduction_factor", 3))
    first = first if isinstance(first, int) else 1
    expected, place, remaining = 0.0, 0, 1.0
    rung = first
    while rung < epochs:
        expected += remaining * (rung - place)
        ranks = [(max(0, i // factor - 1) + 1) / i for i in range(1, max(1, round(trials * remaining)) + 1)]
        remaining *= sum(ranks) / len(ranks)
        place, rung = rung, rung * factor
    return (expected + remaining * (epochs - place)) / epochs


@dataclass(frozen=True)
class Forecast:
    """The seconds that a search will take, or what is left of it.

    Attributes:
        seconds: The expectation.
        low: About as short as it may be.
        high: About as long.
    """

    seconds: float
    low: float
    high: float


def forecast(
    prior: float | None, ended: Sequence[float], left: int, running: Sequence[float], at_once: int
) -> Forecast:
    """Returns what is left of a search.

    Args:
        prior: The seconds of a trial as estimated beforehand, None where nothing is known.
        ended: The seconds of each trial that has ended.
        left: How many trials have not ended, running ones included.
        running: For how long each running trial has run, in seconds.
        at_once: How many trials run at the same time.

    Returns:
        The seconds until the last trial ends; nothing beyond that.
    """
    weight = PRIOR if prior is not None else 0.0
    total = weight + len(ended)
    if not total or not left:
        return Forecast(0.0, 0.0, 0.0)
    mean = ((prior or 0.0) * weight + sum(ended)) / total
    spent = sum(min(seconds, mean) for seconds in running)
    seconds = max(0.0, mean * left - spent) / max(1, min(at_once, left))
    spread = 1 + (SPREAD - 1) / (1 + len(ended) / 4)
    return Forecast(seconds, seconds / spread, seconds * spread)
