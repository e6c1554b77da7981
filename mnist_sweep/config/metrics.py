"""The metrics of a trial: name, direction, per epoch or final, and the best value of a curve.

A curve is a column of history.csv, one value for each epoch. Every curve has two final metrics: its last value, under
the curve's own name, and its best value, under `best_<curve>`. Which curves there are is the task's to say.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from mnist_sweep.config.check import nearest, shown
from mnist_sweep.config.errors import UserError

Direction = Literal["maximize", "minimize"]
Row = Mapping[str, float]  # an epoch: its number, the curves, seconds and timestamp
EPOCH, SECONDS, TIMESTAMP = AROUND = ("epoch", "seconds", "timestamp")  # of every row, besides its curves
BEST = "best_"


@dataclass(frozen=True)
class Metric:
    """A metric of a finished trial.

    Attributes:
        name: As in metrics.json and in `search.metric`.
        direction: Which way is better.
        curve: The column of history.csv that it is taken from, None for one that is known only at the end.
        is_best: Whether it is the best value of its curve rather than the last.
        is_count: Whether its values are whole numbers, for display.
        curve_direction: Which way the curve is better, where a search asks for the other; None for `direction`.
    """

    name: str
    direction: Direction
    curve: str | None = None
    is_best: bool = False
    is_count: bool = False
    curve_direction: Direction | None = None

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
        return self._best_of(rows) if self.is_best else rows[-1][self.curve]

    def best_epoch(self, rows: Sequence[Row]) -> int:
        """Returns the epoch, counted from 1, of the curve's best value; the first of equals."""
        assert self.curve is not None
        return [row[self.curve] for row in rows].index(self._best_of(rows)) + 1

    def _best_of(self, rows: Sequence[Row]) -> float:
        assert self.curve is not None
        pick = max if (self.curve_direction or self.direction) == "maximize" else min
        return pick(row[self.curve] for row in rows)

    def format(self, value: float) -> str:
        """Returns a value as a person reads it."""
        return f"{value:,.0f}" if self.is_count else f"{value:.4f}"


EVERYWHERE = (  # what is known of a trial of every task
    Metric("best_epoch", "minimize", is_count=True),
    Metric("epochs", "minimize", is_count=True),
    Metric("training_seconds", "minimize"),
)
_TIMED = re.compile(r"(.*_)?(seconds|per_second)")
_LESS = re.compile(r"(.*_)?(loss|error|mse|mae|rmse|nll|perplexity|seconds|parameters)")
_MORE = re.compile(r"(.*_)?(accuracy|score|f1|auc|precision|recall|r2|reward|iou|dice|per_second)")


RESERVED = (*AROUND, *(metric.name for metric in EVERYWHERE))


def can_be_reported(name: str) -> bool:
    """Returns whether a task's metric can have a name: a word that is not kept for what every trial has."""
    return name not in RESERVED and name.replace("_", "").isalnum() and not name[0].isdigit()


def is_timed(name: str) -> bool:
    """Returns whether a metric differs between two runs of the same bits, as its name says."""
    return _TIMED.fullmatch(name) is not None


def best_name(curve: str) -> str:
    """Returns the name of the metric that is a curve's best value."""
    return f"{BEST}{curve}"


def of_curve(name: str, direction: Direction) -> tuple[Metric, Metric]:
    """Returns the final metrics of a curve: its last value and its best one."""
    return (
        Metric(name, direction, name, curve_direction=direction),
        Metric(best_name(name), direction, name, is_best=True, curve_direction=direction),
    )


def direction_of(name: str) -> Direction | None:
    """Returns which way a metric is better, as its name says; None where it doesn't."""
    if _LESS.fullmatch(name):
        return "minimize"
    return "maximize" if _MORE.fullmatch(name) else None


@dataclass(frozen=True)
class MetricTable:
    """The metrics of a task's trials.

    Attributes:
        known: The final metrics by name.
        primary: The curve that trials are judged by where nothing else is asked for; None where a search must say.
        is_open: Whether a trial may report others: then every name is a metric, known by what is reported.
    """

    known: Mapping[str, Metric] = field(default_factory=dict)
    primary: str | None = None
    is_open: bool = False

    def find(self, name: str, direction: Direction | None = None) -> Metric | None:
        """Returns a metric.

        Args:
            name: Its name.
            direction: Which way is better; None for what is known, or what the name says.

        Returns:
            None where there is no such metric, or nothing says which way it is better.
        """
        if (metric := self.known.get(name)) is None and self.is_open:
            curve = name.removeprefix(BEST)
            natural = direction or direction_of(curve)
            metric = next((one for one in of_curve(curve, natural) if one.name == name), None) if natural else None
        return metric and replace(metric, direction=direction or metric.direction)

    def objective(self, name: object, direction: Direction | None) -> Metric:
        """Returns a metric that is searched for; raises UserError as for `search.metric` and `search.direction`."""
        if not isinstance(name, str) or not (self.is_open or name in self.known):
            hint = nearest(str(name), self.known)
            raise UserError(f"search.metric must be a metric of a trial, got {shown(name)}{hint}")
        if (metric := self.find(name, direction)) is None:
            raise UserError(f"search.direction must be maximize or minimize: the name {shown(name)} doesn't say it")
        return metric

    def format(self, name: str, value: float) -> str:
        """Returns a value of a metric as a person reads it."""
        metric = self.find(name)
        return metric.format(value) if metric else f"{value:.4f}"

    def summarize(self, rows: Sequence[Row], own: Mapping[str, float]) -> dict[str, float]:
        """Returns the final metrics of a trial.

        Args:
            rows: Its history.
            own: What the task returns of it, which comes last and counts most.

        Returns:
            Last and best value of each curve; `best_epoch`, the first of the best of the primary curve; `epochs`;
            `training_seconds`, validation included; and what the task returns.
        """
        curves = curves_of(rows)
        bests = {curve: self.find(best_name(curve)) for curve in curves}
        primary = bests.get(self.primary) if self.primary else None
        return {
            **{curve: rows[-1][curve] for curve in curves},
            **{best.name: value for best in bests.values() if best and (value := best.of(rows)) is not None},
            **({"best_epoch": primary.best_epoch(rows)} if primary else {}),
            "epochs": len(rows),
            "training_seconds": sum(row[SECONDS] for row in rows),
            **own,
        }


def table(directions: Mapping[str, Direction], own: Iterable[Metric] = (), primary: str | None = None) -> MetricTable:
    """Returns the metrics of a task that says what it reports.

    Args:
        directions: Which way each curve or final metric is better; none for a task whose metrics are not known before.
        own: Further final metrics.
        primary: The curve that trials are judged by where nothing else is asked for; None for the first.
    """
    found = [metric for name, direction in directions.items() for metric in of_curve(name, direction)]
    known = {metric.name: metric for metric in (*found, *EVERYWHERE, *own)}
    return MetricTable(known, primary or next(iter(directions), None), is_open=not directions)


def shown_curve(metric: Metric, metrics: MetricTable) -> str:
    """Returns the curve that is shown while a trial runs: the metric's own, or the task's primary one."""
    return metric.curve or metrics.primary or metric.name


def curves_of(rows: Sequence[Row]) -> list[str]:
    """Returns the names of the curves of a history."""
    return [name for name in rows[0] if name not in AROUND] if rows else []


def objective_values(
    objectives: Sequence[Metric], metrics: Mapping[str, float], rows: Sequence[Row]
) -> dict[str, float]:
    """Returns the objectives of a run that has ended, as far as they are known.

    Args:
        objectives: The objectives.
        metrics: Its final metrics, which lack the best value of a curve of which the task does not know the direction.
        rows: Its epochs.
    """
    found = {one.name: metrics.get(one.name, one.of(rows)) for one in objectives}
    return {name: value for name, value in found.items() if value is not None}
