"""The errors by slice: by class, and by what else is known of the images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # whose parts are imported when they are first used
from numpy.typing import NDArray

from mnist_sweep.results.statistics import LEVEL
from mnist_sweep.tasks.image_classifier.evaluation import Predictions

MOST = 50  # values of a column that are still slices


@dataclass(frozen=True)
class SliceError:
    """The errors in a slice.

    Attributes:
        column: What the images are sliced by, such as `class` or `series`.
        value: The value that the images of this slice have.
        images: How many there are.
        error: The share that is wrong, on average over the runs, from 0 to 1.
        low: The lower end of its 95% interval.
        high: The upper end.
    """

    column: str
    value: str
    images: int
    error: float
    low: float
    high: float


def wilson(share: float, count: float) -> tuple[float, float]:
    """Returns the 95% interval of a share (Wilson, 1927).

    Args:
        share: From 0 to 1.
        count: Of how many independent images, not necessarily a whole number.
    """
    z = float(scipy.stats.norm.isf(LEVEL / 2))
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * (share * (1 - share) / count + z**2 / (4 * count**2)) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)


def _independent(errors: NDArray[np.float64], groups: NDArray[np.int64] | None) -> float:
    """Returns how many independent images would say as much as these, which belong to groups (Kish, 1965)."""
    count, share = len(errors), float(errors.mean())
    if groups is None or not 0 < share < 1:
        return count
    numbers = np.unique(groups, return_inverse=True)[1]
    units = int(numbers.max()) + 1
    if units < 2:
        return count
    sums = np.bincount(numbers, errors - share)
    variance = float((sums**2).sum()) / count**2 * units / (units - 1)
    return min(float(count), share * (1 - share) / variance) if variance else count


def by_slice(runs: Sequence[Predictions], names: Sequence[str] = ()) -> list[SliceError]:
    """Returns the errors of a network by class, and by each column of `data.groups` that has few values.

    The intervals are of fresh images, or of fresh groups of them where these are known; they leave out that fresh seeds
    differ too.

    Args:
        runs: The predictions of its runs, of the same images.
        names: What the classes are called; empty for their numbers.
    """
    first = runs[0]
    errors = 1 - np.mean([run.right for run in runs], axis=0)
    groups = None if first.groups is None else first.groups.group.numbers
    columns: list[tuple[str, NDArray[np.generic]]] = [("class", first.labels)]
    if first.groups is not None:
        columns += [(one.name, one.values) for one in first.groups.slices if len(np.unique(one.values)) <= MOST]
    found = []
    for column, values in columns:
        for value in np.unique(values):
            rows = np.flatnonzero(values == value)
            inside = None if groups is None else groups[rows]
            error = float(errors[rows].mean())
            low, high = wilson(error, _independent(errors[rows], inside))
            called = names[int(value)] if column == "class" and names else str(value)
            found.append(SliceError(column, called, len(rows), error, low, high))
    return found
