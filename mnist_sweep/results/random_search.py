"""What a sampler won over random search, by trials that it proposed and trials that were drawn at random."""

from collections.abc import Sequence
from math import comb

import numpy as np
import scipy
from numpy.typing import NDArray
from pydantic.dataclasses import dataclass as checked

from mnist_sweep.config.schema import LOOSE
from mnist_sweep.results.statistics import LEVEL

ENOUGH = 20  # trials of either kind
SHARE = 6  # the best of a sixth of them is compared: the best of nearly all has no interval that can be trusted


@checked(frozen=True, config=LOOSE)
class Gain:
    """How much better the best of as many trials is by the sampler than at random, in the objective.

    Attributes:
        best_of: Of how many trials.
        mean: The difference, above 0 where the sampler is better.
        low: The lower end of its 95% interval.
        high: The upper end.
    """

    best_of: int
    mean: float
    low: float
    high: float


@checked(frozen=True, config=LOOSE)
class RandomSearch:
    """What can be said of a sampler beside random search.

    Attributes:
        metric: What they are compared by: the objective, or where trials were pruned the curve where all of them were.
        random: How many trials were drawn at random.
        proposed: How many trials the sampler proposed.
        gain: What it won; None where there are too few of either.
    """

    metric: str
    random: int
    proposed: int
    gain: Gain | None


def expected_best(values: Sequence[float], best_of: int) -> float:
    """Returns the expected maximum of some of the values: the unbiased estimate of what as many further draws reach.

    Tang et al., Showing Your Work Doesn't Always Work (2020), on Dodge et al., Show Your Work (2019).

    Args:
        values: Independent draws.
        best_of: How many of them, at most all.
    """
    chances = [comb(place, best_of - 1) / comb(len(values), best_of) for place in range(len(values))]
    return float(np.dot(np.sort(values), chances))


def _left_out(values: Sequence[float], best_of: int) -> NDArray[np.float64]:
    """Returns the expected maximum without each of the values in turn."""
    return np.array([expected_best([*values[:at], *values[at + 1 :]], best_of) for at in range(len(values))])


def gain_of(proposed: Sequence[float], random: Sequence[float]) -> Gain | None:
    """Returns how much better the best of a few proposed trials is than that of as many random ones.

    The interval is Student's with Satterthwaite's degrees of freedom, on the jackknife's variances (Efron and Stein,
    1981).

    Args:
        proposed: What the sampler's trials reached, more is better.
        random: What the random trials reached.
    """
    fewest = min(len(proposed), len(random))
    if fewest < ENOUGH:
        return None
    best_of = fewest // SHARE
    variances, freedom = 0.0, 0.0
    for values in (proposed, random):
        without = _left_out(values, best_of)
        variance = (len(values) - 1) * float(without.var())
        variances += variance
        freedom += variance**2 / (len(values) - 1)
    mean = expected_best(proposed, best_of) - expected_best(random, best_of)
    if not variances:
        return Gain(best_of, mean, mean, mean)
    half = float(scipy.stats.t.ppf(1 - LEVEL / 2, variances**2 / freedom)) * variances**0.5
    return Gain(best_of, mean, mean - half, mean + half)


def sentence(found: RandomSearch) -> str:
    """Returns it in words."""
    gain = found.gain
    if gain is None:
        return (
            f"What the sampler won over random search can't be told: {found.random} trials were drawn at random and "
            f"{found.proposed} proposed by it, {ENOUGH} of each are needed (sampler.n_startup_trials, search.n_trials)."
        )
    text = (
        f"The sampler beside random search: by {found.metric} the best of {gain.best_of} trials that it proposed is "
        f"expected to be {gain.mean:+.4f} better than the best of {gain.best_of} drawn at random (95% interval "
        f"{gain.low:+.4f} to {gain.high:+.4f}; {found.proposed} and {found.random} trials)"
    )
    if gain.low > 0:
        return f"{text}: it won something."
    return f"{text}: it lost something." if gain.high < 0 else f"{text}: no difference beyond the noise."
