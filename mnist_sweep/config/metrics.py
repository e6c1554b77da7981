"""The metrics of a trial: name, direction, per epoch or final, and the best value of a curve.

A curve is a column of history.csv, one value for each epoch. Every curve has two final metrics: its last value, under
the curve's own name, and its best value, under `best_<curve>`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

Direction = Literal["maximize", "minimize"]
Row = Mapping[str, float]  # an epoch: its number, the curves, seconds and timestamp

CURVES = ("loss", "accuracy", "val_loss", "val_accuracy")
PRIMARY = "val_accuracy"  # the curve that trials are judged by where nothing else is asked for


@dataclass(frozen=True)
class Metric:
    """A metric of a finished trial.

    Attributes:
        name: As in metrics.json and in `search.metric`.
        direction: Which way is better.
        curve: The column of history.csv that it is taken from, None for one that is known only at the end.
        is_best: Whether it is the best value of its curve rather than the last.
        is_count: Whether its values are whole numbers, for display.
    """

    name: str
    direction: Direction
    curve: str | None = None
    is_best: bool = False
    is_count: bool = False

    @property
    def sign(self) -> int:
        """1 where more is better, -1 where less is."""
        return 1 if self.direction == "maximize" else -1

    def better(self, first: float, second: float) -> bool:
        """Returns whether the first value is better than the second."""
        return self.sign * first > self.sign * second

    def best(self, values: Iterable[float]) -> float:
        """Returns the best of some values; raises ValueError where there are none."""
        return max(values, key=lambda value: self.sign * value)

    def rank_key(self, value: float, number: int) -> tuple[float, int]:
        """Returns a key that sorts trials: the best first, the earlier of equals."""
        return -self.sign * value, number

    def of(self, rows: Sequence[Row]) -> float | None:
        """Returns the metric after these epochs, None where it is not taken from a curve or there are no epochs."""
        if self.curve is None or not rows or self.curve not in rows[-1]:
            return None
        return curve_best(self.curve, rows) if self.is_best else rows[-1][self.curve]

    def best_epoch(self, rows: Sequence[Row]) -> int:
        """Returns the epoch, counted from 1, of the curve's best value; the first of equals."""
        assert self.curve is not None
        values = [row[self.curve] for row in rows]
        return values.index(METRICS[self.curve].best(values)) + 1

    def format(self, value: float) -> str:
        """Returns a value as a person reads it."""
        return f"{value:,.0f}" if self.is_count else f"{value:.4f}"


def _of_curve(name: str) -> list[Metric]:
    direction: Direction = "maximize" if "accuracy" in name else "minimize"
    return [Metric(name, direction, name), Metric(f"best_{name}", direction, name, is_best=True)]


_ALL = (
    *(_of_curve(name)[0] for name in CURVES),
    *(_of_curve(name)[1] for name in CURVES),
    Metric("best_epoch", "minimize", is_count=True),
    Metric("epochs", "minimize", is_count=True),
    Metric("parameters", "minimize", is_count=True),
    Metric("training_seconds", "minimize"),
    Metric("images_per_second", "maximize", is_count=True),
)
METRICS: dict[str, Metric] = {metric.name: metric for metric in _ALL}
TIMED = ("training_seconds", "images_per_second")  # what differs between two runs of the same bits


def best_name(curve: str) -> str:
    """Returns the name of the metric that is a curve's best value."""
    return f"best_{curve}"


def curve_best(curve: str, rows: Sequence[Row]) -> float:
    """Returns the best value of a curve over some epochs: the largest accuracy, the smallest loss."""
    return METRICS[curve].best(row[curve] for row in rows)


def objective(name: str, direction: Direction) -> Metric:
    """Returns the metric of that name with the direction that a search sets."""
    return replace(METRICS[name], direction=direction)


def shown_curve(metric: Metric) -> str:
    """Returns the curve that is shown while a trial runs: the metric's own, or the primary one."""
    return metric.curve or PRIMARY
