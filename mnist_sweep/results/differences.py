"""The difference of two networks that were trained on several seeds: on these images, and on other images too.

Runs and images are crossed: every run is evaluated on the same images, and seed number 3 of one network has nothing to
do with seed number 3 of another. So an accuracy varies with its seed, its images, and with how they meet; a difference
on other images has all of it, a difference on these images what comes with the seeds alone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # whose parts are imported when they are first used
from numpy.typing import NDArray

from mnist_sweep.results.statistics import LEVEL


@dataclass(frozen=True)
class Difference:
    """What can be said of a difference.

    Attributes:
        mean: The estimate.
        low: The lower end of its 95% interval.
        high: The upper end.
        p: The two-sided p-value of Student's test of no difference.
        wins: The probability that a fresh run of the first network is better than a fresh run of the second, from 0
            to 1: each on one fresh seed, and on as many fresh images where they count.
    """

    mean: float
    low: float
    high: float
    p: float
    wins: float


@dataclass(frozen=True)
class _Part:
    """A part of a variance: its estimate, and the degrees of freedom of that."""

    variance: float
    freedom: float


def _total(parts: Sequence[_Part]) -> tuple[float, float]:
    """Returns the standard deviation of a sum, and its degrees of freedom (Satterthwaite, 1946)."""
    variance = sum(part.variance for part in parts)
    if variance <= 0:
        return 0.0, 1.0
    return variance**0.5, variance**2 / sum(part.variance**2 / part.freedom for part in parts if part.variance)


def _difference(mean: float, now: Sequence[_Part], fresh: Sequence[_Part], sign: int) -> Difference:
    """Returns the difference with Student's distribution.

    Args:
        mean: The estimate.
        now: The parts of its variance.
        fresh: The parts of the variance of a fresh difference minus the estimate: both have their noise.
        sign: 1 where more is better, -1 where less is.
    """
    error, freedom = _total(now)
    spread, freedom_fresh = _total(fresh)
    if not error:
        return Difference(mean, mean, mean, float(mean == 0), (1 + math.copysign(1, sign * mean)) / 2 if mean else 0.5)
    half = float(scipy.stats.t.ppf(1 - LEVEL / 2, freedom)) * error
    p = 2 * float(scipy.stats.t.sf(abs(mean) / error, freedom))
    return Difference(mean, mean - half, mean + half, p, float(scipy.stats.t.cdf(sign * mean / spread, freedom_fresh)))


def over_seeds(first: Sequence[float], second: Sequence[float], sign: int = 1) -> Difference:
    """Returns the difference of two networks on the images that they were evaluated on (Welch, 1947).

    Args:
        first: The values of the first network, one for each seed, at least two.
        second: The values of the second.
        sign: 1 where more is better, -1 where less is.
    """
    both = [np.asarray(first, np.float64), np.asarray(second, np.float64)]
    variances = [(float(values.var(ddof=1)), len(values)) for values in both]
    now = [_Part(variance / count, count - 1) for variance, count in variances]
    fresh = [_Part(variance * (1 + 1 / count), count - 1) for variance, count in variances]
    return _difference(float(both[0].mean() - both[1].mean()), now, fresh, sign)


@dataclass(frozen=True)
class _Units:
    """What is drawn again on other images: images, or groups of them.

    Attributes:
        groups: The group of each image, from 0 without gaps; None where each image stands for itself.
        share: Of the variance of a mean, what the squares of its units' sums are expected to be.
        freedom: The degrees of freedom of that estimate.
    """

    groups: NDArray[np.int64] | None
    share: float
    freedom: float

    def scatter(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Returns the variance of the mean of each row, whose own mean is 0, over fresh units."""
        sums = values if self.groups is None else np.array([np.bincount(self.groups, row) for row in values])
        return np.asarray((sums**2).sum(axis=1) / values.shape[1] ** 2 / self.share)


def _units(images: int, groups: NDArray[np.int64] | None) -> _Units:
    """Returns images or groups, of which unequal ones say less than as many equal ones.

    From the trace of the estimate's quadratic form and of its square, where what is in a group varies together (Bell
    and McCaffrey, Bias reduction in standard errors for linear regression with multi-stage samples, 2002). Of equal
    groups, and of images, it is the usual n - 1.
    """
    if groups is None:
        return _Units(None, 1 - 1 / images, images - 1)
    sizes = np.bincount(groups) / images
    two, three, four, five = (float((sizes**power).sum()) for power in (2, 3, 4, 5))
    trace = two - 2 * three + two**2
    square = two**4 + 2 * four * two + 2 * three**2 - 4 * two**2 * three + four * (1 + 2 * two) - 4 * five
    return _Units(groups, trace / two, trace**2 / square)


@dataclass(frozen=True)
class Runs:
    """The variances of one network's accuracies.

    Attributes:
        seeds: The number of its runs.
        own: Of a run's accuracy, what comes with its seed whatever the images are.
        met: What comes with how seed and images meet.
    """

    seeds: int
    own: float
    met: float


def _runs(right: NDArray[np.float64], units: _Units) -> Runs:
    """Returns the components of an analysis of variance of runs and images (Searle, Casella, McCulloch, 1992)."""
    seeds = len(right)
    accuracies = right.mean(axis=1, keepdims=True)
    rest = right - accuracies - right.mean(axis=0) + right.mean()
    met = float(units.scatter(rest).sum()) / (seeds - 1)
    return Runs(seeds, max(0.0, float(accuracies.var(ddof=1)) - met), met)


@dataclass(frozen=True)
class Components:
    """The components of the variance of a difference.

    Attributes:
        mean: The difference.
        by_image: The variance of its mean over the images, with the seeds that there are.
        freedom: The degrees of freedom of that: of equal groups of images, or of images, one less than there are.
        runs: Those of the two networks' accuracies.
    """

    mean: float
    by_image: float
    freedom: float
    runs: tuple[Runs, Runs]

    @property
    def floor(self) -> float:
        """What would be left of the variance with any number of seeds."""
        return max(0.0, self.by_image - sum(runs.met / runs.seeds for runs in self.runs))


def components(
    first: NDArray[np.bool_], second: NDArray[np.bool_], groups: NDArray[np.int64] | None = None
) -> Components:
    """Returns the components of the variance of a difference over seeds and images.

    Args:
        first: Which images each run of the first network predicts correctly, of shape (seeds, images), at least two
            of each.
        second: The same of the second network, of shape (its seeds, images).
        groups: The group of each image, such as its writer, as numbers from 0 without gaps, of shape (images,); None
            where each image stands for itself.
    """
    one, other = first.astype(np.float64), second.astype(np.float64)
    by_image = one.mean(axis=0) - other.mean(axis=0)
    mean = float(by_image.mean())
    units = _units(first.shape[1], groups)
    scatter = float(units.scatter((by_image - mean)[np.newaxis])[0])
    return Components(mean, scatter, units.freedom, (_runs(one, units), _runs(other, units)))


def over_images(found: Components) -> Difference:
    """Returns the difference of two networks on images such as these, on any seed.

    Its interval is Student's with Satterthwaite's degrees of freedom. A two-way bootstrap, of runs and images (Owen,
    2007), counts three times what comes with how they meet, and draws too few seeds: benchmarks/confirming.py has the
    coverage of both.

    Args:
        found: The components of its variance.
    """
    now = [_Part(found.by_image, found.freedom), *(_Part(one.own / one.seeds, one.seeds - 1) for one in found.runs)]
    # A fresh run meets its images once, and `by_image` has what is left of that in the mean of the seeds.
    once = found.by_image + sum(one.met * (1 - 1 / one.seeds) for one in found.runs)
    fresh = [_Part(found.by_image + once, found.freedom),
             *(_Part(one.own * (1 + 1 / one.seeds), one.seeds - 1) for one in found.runs)]  # fmt: skip
    return _difference(found.mean, now, fresh, 1)
