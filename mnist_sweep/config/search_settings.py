"""What is searched for, and for how long: the section search."""

from dataclasses import field
from typing import Annotated, Any

from pydantic import Field
from pydantic.dataclasses import dataclass

from mnist_sweep.config.check import check, shown
from mnist_sweep.config.constraints import parse_constraints
from mnist_sweep.config.errors import UserError
from mnist_sweep.config.metrics import Direction, Metric, MetricTable
from mnist_sweep.config.schema import CONFIG, Bool, Count, Float, Int, NotNegative
from mnist_sweep.config.times import Clock, Duration


@dataclass(frozen=True, config=CONFIG)
class SearchConfig:
    """What is searched for, where, and for how long.

    `timeout` is of one call; `until` is a time of the day. `patience` is how many finished trials in a row may bring no
    improvement by more than `min_delta`, null for the noise of the objective. `start` are trials that are tried first,
    each as overrides or as a file; `constraints` are bounds of metrics. `prune_by_first` is whether the first of
    several metrics decides what is pruned; otherwise nothing is. `audit` is the share of the trials that are finished
    although the pruner would stop them. `seeds` is on how many seeds a trial is trained that is still in the race.
    `prior` is a best guess of some keys (config/prior.py).
    """

    n_trials: Count | None
    timeout: Duration | None
    target: Float | None
    max_failures: Count
    metric: Annotated[list[str], Field(min_length=1)]
    direction: list[Direction]
    space: dict[str, Any]
    when: dict[str, dict[str, Any]]
    # The defaults are what earlier studies have, which lack these keys.
    audit: Annotated[Float, Field(ge=0, le=1)] = 0.0
    until: Clock | None = None
    patience: Count | None = None
    min_delta: NotNegative | None = None
    start: list[str | list[str] | dict[str, Any]] = field(default_factory=list)
    constraints: list[str] = field(default_factory=list)
    prune_by_first: Bool = False
    seeds: Annotated[Int, Field(ge=1, le=100)] = 1
    prior: dict[str, Any] = field(default_factory=dict)


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def parse_search(plain: dict[str, Any], table: MetricTable) -> tuple[SearchConfig, list[Metric]]:
    """Returns the search section, and its objectives.

    Args:
        plain: The section, as plain data; metric and direction may be lists.
        table: The metrics of the task.

    Raises:
        UserError: A value is wrong.
    """
    if not isinstance(plain, dict):
        raise UserError(f"search must be a mapping, got {shown(plain)}")
    plain = dict(plain)
    plain["metric"] = metrics = _as_list(plain.get("metric"))
    for key in ("start", "constraints"):
        plain[key] = _as_list(plain.get(key, []))
    if len(set(map(str, metrics))) < len(metrics):
        raise UserError(f"search.metric must not name a metric twice, got {shown(metrics)}")
    directions = _as_list(plain.get("direction"))
    if directions == [None]:
        directions = [None] * len(metrics)
    for direction in directions:
        if direction not in ("maximize", "minimize", None):
            raise UserError(f"search.direction must be maximize, minimize or null, got {shown(direction)}")
    if len(directions) != len(metrics):
        raise UserError(
            f"search.direction must have one direction for each of the {len(metrics)} metrics, got {shown(directions)}"
        )
    objectives = [table.objective(metric, direction) for metric, direction in zip(metrics, directions, strict=True)]
    plain["direction"] = [objective.direction for objective in objectives]
    search = check(SearchConfig, plain, "search")
    _check_together(search)
    parse_constraints(search.constraints, table)
    return search, objectives


def _check_together(search: SearchConfig) -> None:
    """Raises UserError for values that say nothing together."""
    for name in ("target", "patience"):
        if getattr(search, name) is not None and len(search.metric) > 1:
            raise UserError(f"search.{name} must be null with several metrics; use search.n_trials or search.timeout")
    if search.prior and len(search.metric) > 1:
        raise UserError("search.prior must be empty with several metrics, which have no best trial")
    if search.prune_by_first and len(search.metric) == 1:
        raise UserError("search.prune_by_first must be false with one metric, by which the pruner decides anyway")
    if search.min_delta is not None and search.patience is None:
        raise UserError("search.min_delta says what counts as an improvement for search.patience, which is null")
