"""What can be said of a few values: intervals, tests, corrections."""

from collections.abc import Sequence
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
