"""Exact permutation tests of two networks' values over seeds, looked at once or several times as the seeds come in."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnist_sweep.results.statistics import LEVEL

STEPS = 2000  # the finest grid, from the smallest value to the largest, that values without a unit are rounded to
FIRST = 0.5  # the most that the first of several looks may spend
DENSE = 1000  # steps, up to which all of them are added at once
HALVINGS = 30  # of the interval in which a p-value is searched for


@dataclass(frozen=True)
class Looks:
    """After how many seeds the values are looked at, and which share of the error each look may spend.

    Attributes:
        sizes: The number of seeds of each network at each look, ascending.
        shares: Of each look, at most 1 in all.
    """

    sizes: tuple[int, ...]
    shares: tuple[float, ...]


def once(seeds: int) -> Looks:
    """Returns the single look of a fixed number of seeds."""
    return Looks((seeds,), (1.0,))


def several(sizes: Sequence[int], comparisons: int) -> Looks:
    """Returns looks that together spend the error, most of it late, where there is most to see.

    What a look may spend grows with the third power of the seeds (Kim and DeMets, 1987). The first look gets what it
    needs to tell apart values that don't overlap at all, unless that is more than half.

    Args:
        sizes: The number of seeds at each look, ascending.
        comparisons: How many networks are compared with the baseline.
    """
    if len(sizes) == 1:
        return once(sizes[0])
    spent = (np.array(sizes) / sizes[-1]) ** 3
    needed = comparisons * _extreme(sizes[0]) / LEVEL * (1 + 1e-6)
    first = max(float(spent[0]), needed) if needed <= FIRST else float(spent[0])
    later = (1 - first) * np.diff(spent) / (1 - spent[0])
    return Looks(tuple(sizes), (first, *later.tolist()))


def _extreme(seeds: int) -> float:
    """Returns the chance that equal networks' values don't overlap at all."""
    return 2 / math.comb(2 * seeds, seeds)


@dataclass(frozen=True)
class _Block:
    """The values between two looks: the observed difference of the sums, and those of all ways to distribute them.

    Attributes:
        observed: In steps of the grid.
        differences: All that are possible, in steps of the grid, ascending.
        chances: The chance of each of them, where both networks are the same.
    """

    observed: int
    differences: NDArray[np.int64]
    chances: NDArray[np.float64]

    @property
    def reach(self) -> int:
        """The largest distance from 0."""
        return int(np.abs(self.differences).max())

    def added_to(self, chances: NDArray[np.float64]) -> NDArray[np.float64]:
        """Returns the chances of sums of a difference before, from -n to n, and one of these."""
        reach = self.reach
        if reach <= DENSE:
            own = np.zeros(2 * reach + 1)
            own[self.differences + reach] = self.chances
            return np.convolve(chances, own)
        found = np.zeros(len(chances) + 2 * reach)
        for difference, chance in zip(self.differences, self.chances, strict=True):
            found[reach + difference : reach + difference + len(chances)] += chance * chances
        return found


def _block(first: NDArray[np.int64], second: NDArray[np.int64]) -> _Block:
    """Counts the ways to choose the first network's values by their sum (Pagano and Tritchler, 1983)."""
    values = np.concatenate([first, second])
    values = values - values.min()
    chosen, total = len(first), int(values.sum())
    ways = np.zeros((chosen + 1, total + 1))
    ways[0, 0] = 1.0
    for value in values:
        ways[1:, value:] += ways[:-1, : total + 1 - value].copy()
    sums = np.flatnonzero(ways[chosen])
    chances = ways[chosen, sums] / ways[chosen].sum()
    return _Block(int(first.sum() - second.sum()), 2 * sums - total, chances)


def _blocks(first: Sequence[float], second: Sequence[float], sizes: Sequence[int], unit: float) -> list[_Block]:
    """Returns the blocks on a grid of whole numbers: a test of rounded values is as exact, if not quite as sharp."""
    both = np.array([list(first)[: sizes[-1]], list(second)[: sizes[-1]]], dtype=np.float64)
    span = float(np.ptp(both))
    step = max(unit, span / STEPS)
    grid = np.rint((both - both.min()) / step).astype(np.int64) if span else np.zeros(both.shape, np.int64)
    return [_block(*grid[:, start:end]) for start, end in zip((0, *sizes[:-1]), sizes, strict=True)]


def _tails(chances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the chance of a difference at least as far from 0, for each distance from 0."""
    middle = len(chances) // 2
    by_distance = chances[middle:].copy()
    by_distance[1:] += chances[:middle][::-1]
    tails: NDArray[np.float64] = by_distance[::-1].cumsum()[::-1]
    return tails


def _rejected(blocks: Sequence[_Block], shares: Sequence[float], level: float) -> float | None:
    """Returns the level that the first look needs which rejects at a level, None where none does.

    What has crossed the boundary of an earlier look is not counted at a later one; what a look could not spend, as few
    ways are extreme, is not given to the next, so that whatever is rejected at a level is rejected at each higher one.
    """
    reach = 0
    chances = np.ones(1)
    observed = 0
    for block, share in zip(blocks, shares, strict=True):
        reach, chances, observed = reach + block.reach, block.added_to(chances), observed + block.observed
        tails = _tails(chances)
        allowed = level * share * (1 + 1e-9)
        if tails[abs(observed)] <= allowed:
            return float(tails[abs(observed)] / share)
        kept = int(np.searchsorted(-tails, -allowed))  # the first distance that is beyond the boundary
        chances[: max(0, reach - kept + 1)] = 0.0
        chances[reach + kept :] = 0.0
    return None


def permutation(
    first: Sequence[float], second: Sequence[float], looks: Looks | None = None, unit: float = 0.0
) -> float:
    """Returns the two-sided p-value of a permutation test of a difference of means (Fisher, 1935).

    With several looks it is the smallest level at which one of them rejects: the values between two looks are permuted
    among themselves (as in AdaStop: Mathieu et al., 2023), and each look spends its share of the level. It may be used
    at every look, and be corrected for several comparisons (Liu and Anderson, 2008).

    Args:
        first: The values of one network, in the order of the seeds.
        second: The values of the other.
        looks: After how many seeds they are looked at, those that both have not reached are left out; None for once.
        unit: What all values are multiples of, such as one image's share; 0 where there is no such thing.
    """
    looks = looks or once(min(len(first), len(second)))
    sizes = [size for size in looks.sizes if size <= min(len(first), len(second))]
    if not sizes:
        return 1.0
    blocks, shares = _blocks(first, second, sizes, unit), looks.shares[: len(sizes)]
    needed = _rejected(blocks, shares, 1.0)
    if needed is None or len(blocks) == 1:
        return 1.0 if needed is None else needed
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if _rejected(blocks, shares, middle) is not None else (middle, high)
    needed = _rejected(blocks, shares, high)
    assert needed is not None
    return needed if needed > low else high


def smallest_p(looks: Looks, comparisons: int) -> float:
    """Returns the smallest corrected p-value that is possible: two of all ways to distribute the values of a look."""
    blocks = [_extreme(int(seeds)) for seeds in np.diff((0, *looks.sizes))]
    chances = np.cumprod(blocks) * 2.0 ** np.arange(0, -len(blocks), -1)
    return min(1.0, comparisons * float(np.min(chances / looks.shares)))
