"""What a trial's metrics must be so that it can be the best: `search.constraints`."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mnist_sweep.config.check import nearest, shown
from mnist_sweep.config.errors import UserError
from mnist_sweep.config.metrics import MetricTable

KEY = "search.constraints"
_CONSTRAINT = re.compile(r"\s*(\w+)\s*(<=|>=|<|>)\s*(\S+)\s*")


@dataclass(frozen=True)
class Constraint:
    """A bound of a metric.

    Attributes:
        text: As it is written, such as parameters<=10000.
        metric: The metric's name.
        sign: 1 for an upper bound, -1 for a lower one.
        is_strict: Whether the bound itself is too much.
        bound: The bound.
    """

    text: str
    metric: str
    sign: int
    is_strict: bool
    bound: float

    def excess(self, value: float) -> float:
        """Returns by how much a value is beyond the bound, relative to it; 0 or less where the constraint is met."""
        edge = math.nextafter(self.bound, -self.sign * math.inf) if self.is_strict else self.bound
        return self.sign * (value - edge) / (abs(self.bound) or 1.0)


def parse_constraint(text: str) -> Constraint:
    """Returns a constraint from `METRIC<=NUMBER`, or with <, >= or >; raises UserError."""
    match = _CONSTRAINT.fullmatch(text) if isinstance(text, str) else None
    try:
        bound = float(match[3]) if match else math.nan
    except ValueError:
        bound = math.nan
    if match is None or not math.isfinite(bound):
        raise UserError(f"{KEY} must have comparisons such as parameters<=10000, got {shown(text)}")
    written = f"{match[1]}{match[2]}{match[3]}"
    return Constraint(written, match[1], 1 if match[2][0] == "<" else -1, match[2] in ("<", ">"), bound)


def parse_constraints(texts: Iterable[str], table: MetricTable) -> list[Constraint]:
    """Returns constraints; raises UserError for one that can't be read, or of no metric of a trial."""
    found = [parse_constraint(text) for text in texts]
    for one in found:
        if not (table.is_open or one.metric in table.known):
            raise UserError(f"{KEY}: {one.metric} is not a metric of a trial{nearest(one.metric, table.known)}")
    return found


def excesses(constraints: Sequence[Constraint], metrics: Mapping[str, float]) -> dict[str, float]:
    """Returns by how much each constraint is exceeded, by its text, as far as its metric is there."""
    return {one.text: one.excess(metrics[one.metric]) for one in constraints if one.metric in metrics}


def _shown(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.6g}"


def violations(constraints: Sequence[Constraint], metrics: Mapping[str, float]) -> list[str]:
    """Returns what is not met, such as `parameters=12,345, not parameters<=10000`; empty where everything is."""
    return [
        f"{one.metric}={_shown(metrics[one.metric])}, not {one.text}"
        for one in constraints
        if one.metric in metrics and one.excess(metrics[one.metric]) > 0
    ]
