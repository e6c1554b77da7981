"""The complete trials of a search in order: by the first metric, and those that no other beats in several."""

import bisect
from collections.abc import Sequence

from mnist_sweep.config.metrics import Metric


def _beats(first: Sequence[float], second: Sequence[float]) -> bool:
    """Whether the first is nowhere worse, and somewhere better; less is better."""
    return first != second and all(one <= other for one, other in zip(first, second, strict=True))


class Ranking:
    """Ranks complete trials as they are added, at a cost that hardly grows with their number."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        """Makes an empty ranking by some metrics, the first one first."""
        self.metrics = metrics
        self._ranks: list[tuple[float, int]] = []
        self._front: dict[int, list[float]] = {}  # less is better

    def add(self, number: int, values: Sequence[float]) -> None:
        """Adds a complete trial with its objectives."""
        bisect.insort(self._ranks, self.metrics[0].rank_key(values[0], number))
        mine = [-metric.sign * value for metric, value in zip(self.metrics, values, strict=True)]
        if len(mine) > 1 and not any(_beats(other, mine) for other in self._front.values()):
            self._front = {key: other for key, other in self._front.items() if not _beats(mine, other)}
            self._front[number] = mine

    def numbers(self, beyond: int = 0, most: int | None = None) -> list[int]:
        """Returns the trials' numbers, the best first, the earlier of equals.

        Args:
            beyond: How many of the first are left out.
            most: How many of the first are looked at, None for all.
        """
        return [number for _, number in self._ranks[beyond:most]]

    def best(self) -> int | None:
        """Returns the number of the best trial, None where there is none."""
        return self._ranks[0][1] if self._ranks else None

    def front(self) -> list[int]:
        """Returns, with several metrics, the numbers of the trials that no other beats in all of them."""
        return sorted(self._front)
