"""What can be said of a few accuracies of each network: intervals, tests, and which networks can't be told apart."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # whose parts are imported when they are first used
from numpy.typing import NDArray

LEVEL = 0.05


@dataclass(frozen=True)
class Sample:
    """Mean, standard deviation (of a sample, 0 for a single value) and the 95% confidence interval of the mean."""

    mean: float
    deviation: float
    low: float
    high: float


def describe(values: Sequence[float]) -> Sample:
    """Returns a sample's mean with Student's 95% interval; for a single value the interval is infinite."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return Sample(mean, 0.0, -np.inf, np.inf)
    deviation = float(np.std(values, ddof=1))
    half = float(scipy.stats.t.ppf(1 - LEVEL / 2, len(values) - 1)) * deviation / len(values) ** 0.5
    return Sample(mean, deviation, mean - half, mean + half)


def permutation(first: Sequence[float], second: Sequence[float]) -> float:
    """Returns the two-sided p-value of a permutation test of a difference of means (Fisher, 1935).

    It is exact for up to 9,999 permutations (252 for five values each); else 9,999 are drawn with a fixed seed.

    Args:
        first: The values of one group.
        second: The values of the other.
    """
    found = scipy.stats.permutation_test(
        (first, second),
        lambda a, b, axis: np.mean(a, axis=axis) - np.mean(b, axis=axis),
        vectorized=True,
        n_resamples=9999,
        rng=np.random.default_rng(0),
    )
    return float(found.pvalue)


def holm(values: Sequence[float]) -> list[float]:
    """Returns p-values corrected for multiple comparisons (Holm, 1979), in the order given."""
    adjusted = [0.0] * len(values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        largest = max(largest, min(1.0, (len(values) - rank) * values[index]))
        adjusted[index] = largest
    return adjusted


def shown_p(p: float) -> str:
    """Returns a p-value as text: three digits, or `<0.001`."""
    return f"{p:.3f}" if p >= 0.001 else "<0.001"


@dataclass(frozen=True)
class McNemar:
    """On the same images: how many only the first gets right, how many only the second, and the exact p-value."""

    only_first: int
    only_second: int
    p: float


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> McNemar:
    """Returns the exact McNemar test (McNemar, 1947) of whether one of two networks is right more often.

    Args:
        first: Which images the first network predicts correctly, of shape (images,).
        second: The same of the second network.
    """
    only_first, only_second = int((first & ~second).sum()), int((~first & second).sum())
    total = only_first + only_second
    p = float(scipy.stats.binomtest(only_first, total, 0.5).pvalue) if total else 1.0
    return McNemar(only_first, only_second, p)


@dataclass(frozen=True)
class Judgement:
    """What is significant: who is better than the baseline, who can't be told from the best, and who is recommended.

    `p_baseline` and `p_best` are corrected p-values of the difference to the baseline and to the best.
    """

    best: int
    better: tuple[int, ...]
    tied: tuple[int, ...]
    recommended: int
    p_baseline: dict[int, float]
    p_best: dict[int, float]


def against(accuracies: Mapping[int, Sequence[float]], one: int) -> dict[int, float]:
    """Returns the corrected p-values of the differences of all other networks to one."""
    others = [number for number in accuracies if number != one]
    values = holm([permutation(accuracies[number], accuracies[one]) for number in others])
    return dict(zip(others, values, strict=True))


def better_than(accuracies: Mapping[int, Sequence[float]], one: int, p_values: Mapping[int, float]) -> list[int]:
    """Returns the networks that are significantly better than one.

    Args:
        accuracies: The accuracies of each network over seeds.
        one: The network that they are compared with.
        p_values: The corrected p-values of these comparisons.
    """
    mean = float(np.mean(accuracies[one]))
    return [number for number, p in p_values.items() if p <= LEVEL and float(np.mean(accuracies[number])) > mean]


def smallest_p(seeds: int, comparisons: int) -> float:
    """Returns the smallest corrected p-value that is possible with so many seeds: two of all permutations."""
    return min(1.0, 2 * comparisons / math.comb(2 * seeds, seeds))


def judge(accuracies: Mapping[int, Sequence[float]], baseline: int | None, cost: Mapping[int, float]) -> Judgement:
    """Compares networks by their accuracies over seeds.

    The recommended one is the cheapest of those that can't be told from the best; the baseline counts among them
    unless the best is better. Where there are too few values to tell anything apart, the best is recommended.

    Args:
        accuracies: The accuracies of each network, from 0 to 1, in the order of the seeds.
        baseline: The network that is the baseline, None where there is none.
        cost: What is saved where networks tie, such as parameters.
    """
    best = max(accuracies, key=lambda number: (float(np.mean(accuracies[number])), -cost[number]))
    p_best = against(accuracies, best)
    p_baseline = {} if baseline is None else against(accuracies, baseline)
    better = () if baseline is None else tuple(better_than(accuracies, baseline, p_baseline))
    tied = (
        best,
        *(number for number, p in p_best.items() if (best not in better if number == baseline else p > LEVEL)),
    )
    if smallest_p(len(accuracies[best]), len(accuracies) - 1) > LEVEL:
        return Judgement(best, better, tuple(accuracies), best, p_baseline, p_best)
    recommended = min(tied, key=lambda number: (cost[number], -float(np.mean(accuracies[number]))))
    return Judgement(best, better, tied, recommended, p_baseline, p_best)
