"""How a search is run: budget, objective, runtime, study and tracking, as dataclasses with ranges."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass as plain_dataclass
from dataclasses import field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ByteSize, Field, WrapValidator
from pydantic.dataclasses import dataclass

from mnist_sweep.config.check import check, nearest, shown
from mnist_sweep.config.component import Component, parse_component
from mnist_sweep.config.constraints import Constraint, parse_constraint, parse_constraints
from mnist_sweep.config.errors import UserError
from mnist_sweep.config.metrics import Direction, Metric, MetricTable
from mnist_sweep.config.schema import CONFIG, Bool, Count, Float, Int, NotNegative, Seed
from mnist_sweep.config.task import build_task, metric_table, task_component
from mnist_sweep.config.times import Clock, Duration

URI = "MLFLOW_TRACKING_URI"  # MLflow's own variable, which conf/tracking names


@dataclass(frozen=True, config=CONFIG)
class SearchConfig:
    """What is searched for, where, and for how long.

    `timeout` is of one call; `until` is a time of the day. `patience` is how many finished trials in a row may bring no
    improvement by more than `min_delta`, null for the noise of the objective. `start` are trials that are tried first,
    each as overrides or as a file; `constraints` are bounds of metrics. `prune_by_first` is whether the first of
    several metrics decides what is pruned; otherwise nothing is. `audit` is the share of the trials that are finished
    although the pruner would stop them. `seeds` is on how many seeds a trial is trained that is still in the race.
    """

    n_trials: Count | None
    timeout: Duration | None
    target: Float | None
    max_failures: Count
    metric: Annotated[list[str], Field(min_length=1)]
    direction: list[Direction]
    space: dict[str, Any]
    when: dict[str, dict[str, Any]]
    # The defaults are what studies of before have, which lack these keys.
    audit: Annotated[Float, Field(ge=0, le=1)] = 0.0
    until: Clock | None = None
    patience: Count | None = None
    min_delta: NotNegative | None = None
    start: list[str | list[str] | dict[str, Any]] = field(default_factory=list)
    constraints: list[str] = field(default_factory=list)
    prune_by_first: Bool = False
    seeds: Annotated[Int, Field(ge=1, le=100)] = 1


MIN_SEEDS, MAX_SEEDS = 2, 100


def _number_or_range(value: Any, check: Callable[[Any], Any]) -> Any:
    """Text is a range of seeds."""
    if not isinstance(value, str):
        return check(value)
    found = re.fullmatch(r"([0-9]+)\.\.([0-9]+)", value.strip())
    least, most = (int(found[1]), int(found[2])) if found else (0, 0)
    if not MIN_SEEDS <= least < most <= MAX_SEEDS:
        raise ValueError(
            f"must be a whole number from {MIN_SEEDS} to {MAX_SEEDS}, or two such as 5..15, got {shown(value)}"
        )
    return f"{least}..{most}"


Seeds = Annotated[Int, Field(ge=MIN_SEEDS, le=MAX_SEEDS), WrapValidator(_number_or_range)]


@dataclass(frozen=True, config=CONFIG)
class ConfirmConfig:
    """How many of the best trials are confirmed, and on how many fresh seeds each: a number, or a range `5..15`."""

    top_k: Annotated[Int, Field(ge=1, le=100)]
    seeds: Seeds

    @property
    def looks(self) -> tuple[int, ...]:
        """After how many seeds the finalists are compared: once, or after every 5 of `5..15`."""
        least, _, most = str(self.seeds).partition("..")
        return (*range(int(least), int(most), int(least)), int(most)) if most else (int(least),)


@dataclass(frozen=True, config=CONFIG)
class RuntimeConfig:
    """Where trials run: `workers` at the same time, null for one on each core; what each may take, null for no limit.

    `memory_limit` is of a trial's resident memory, TensorFlow included; `trial_timeout` is from start to end.
    """

    executor: Literal["local", "ray"]
    workers: Annotated[Int, Field(ge=1, le=1024)] | None
    memory_limit: Annotated[ByteSize, Field(ge=1_000_000)] | None  # a bare 5 is 5 bytes
    trial_timeout: Duration | None
    allowed_targets: list[str]


# The tags of an MLflow run that are not a person's own.
TAKEN_TAGS = ("study", "kind", "folder", "command", "data_digest", "executor", "trial", "state", "seed", "origin",
              "infeasible", "verdict", "reproduces", "forked_from", "audited", "id")  # fmt: skip
_TAG = re.compile(r"[\w][\w ./-]{0,99}")


def _own_tag(name: Any) -> Any:
    """A tag's name; raises ValueError for one that is taken, or that MLflow can't have."""
    text = str(name)
    if text in TAKEN_TAGS or text.startswith("mlflow.") or not _TAG.fullmatch(text):
        raise ValueError(f"must have names of letters, digits and _ - . / that are not taken, got {shown(text)}")
    return text


def _as_text(value: Any) -> Any:
    """Numbers, true and false are texts in a tag."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


@dataclass(frozen=True, config=CONFIG)
class RayConfig(RuntimeConfig):
    """Where trials run on a Ray cluster: `workers` at the same time in all, null for what its nodes have slots for.

    `address` is `auto` (the cluster that runs on this machine), HOST:PORT, `local` (a Ray of this command's own), or
    null for `auto` where a cluster is running, else `local`; `workers_per_node` null for the CPUs that Ray has given a
    node; `node_timeout` how long to wait for a node where there is none.
    """

    executor: Literal["ray"]
    address: str | None
    workers_per_node: Annotated[Int, Field(ge=1, le=1024)] | None
    node_timeout: Duration


@dataclass(frozen=True, config=CONFIG)
class StudyConfig:
    """A study's name (null: made from model and data), seed, and of how many trials the models are kept.

    `fork`: where the study was begun with another configuration, a new one takes over the trials that still fit. `note`
    and `tags` are a person's own, for the report and MLflow.
    """

    name: str | None
    seed: Seed
    fork: Bool
    keep_models: Annotated[Int, Field(ge=0)]
    note: str | None = None  # studies of before have neither
    tags: dict[Annotated[str, BeforeValidator(_own_tag)], Annotated[str, BeforeValidator(_as_text)]] = field(
        default_factory=dict
    )


@dataclass(frozen=True, config=CONFIG)
class TrackingConfig:
    """MLflow: `uri` null means SQLite in the runs folder."""

    enabled: Bool
    uri: str | None
    experiment: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^/\\\x00-\x1f]+$")]


@plain_dataclass(frozen=True)
class Surroundings:
    """What every command that runs trials needs."""

    runtime: RuntimeConfig
    study: StudyConfig
    tracking: TrackingConfig
    runs_folder: Path


@plain_dataclass(frozen=True)
class Settings(Surroundings):
    """Everything around the trials of a search; `objectives` are its metrics, the first one first."""

    search: SearchConfig
    objectives: list[Metric]
    sampler: Component
    pruner: Component

    @property
    def constraints(self) -> list[Constraint]:
        """What the metrics of a trial must be so that it can be the best."""
        return [parse_constraint(text) for text in self.search.constraints]


_ADDRESS = re.compile(r"auto|local|([\w.-]+|\[[0-9a-fA-F:.]+\]):\d{1,5}")
_NAME = re.compile(r"[\w][\w.+ -]{0,99}")


RESERVED = ("train", "reproduce")  # studies of single trials


def check_study_name(name: str, key: str = "study.name") -> str:
    """Returns the name; raises UserError unless it can be a folder's name."""
    if name in ("artifacts", "mlflow.db"):
        raise UserError(f"{key} must not be {name}: that is MLflow's")
    if name == "compare":
        raise UserError(f"{key} must not be {name}: comparisons are kept there")
    if not _NAME.fullmatch(name) or name.endswith((".", " ")):
        raise UserError(
            f"{key} must be 1 to 100 letters, digits or . _ + - and spaces inside, beginning with a letter or digit, "
            f"got {shown(name)}"
        )
    return name


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
    if search.prune_by_first and len(search.metric) == 1:
        raise UserError("search.prune_by_first must be false with one metric, by which the pruner decides anyway")
    if search.min_delta is not None and search.patience is None:
        raise UserError("search.min_delta says what counts as an improvement for search.patience, which is null")


def parse_folder(value: Any, reads: bool = False, key: str = "runs_folder") -> Path:
    """Returns a folder, which need not exist.

    Args:
        value: Its path.
        reads: Whether it is only read.
        key: Its key, for messages.

    Raises:
        UserError: It is no path, no folder, or can't be written to.
    """
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise UserError(f"{key} must be a folder's path, got {shown(value)}")
    if re.match(r"\w+://", value):
        raise UserError(f"{key} must be a folder of this machine, got {shown(value)}")
    try:
        os.fsencode(value)
        folder = Path(value).expanduser().absolute()
        there = next(path for path in (folder, *folder.parents) if path.exists())
    except (RuntimeError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{key} must be a folder's path, got {shown(value)}: {reason}") from None
    if dangling := next((path for path in (folder, *folder.parents) if path.is_symlink() and not path.exists()), None):
        raise UserError(f"{key} must be a folder, but {dangling} links to {dangling.readlink()}, which is not there")
    if not there.is_dir():
        raise UserError(f"{key} must be a folder, but {there} is a file")
    if reads:
        return folder
    if not os.access(there, os.W_OK) or there.is_relative_to("/proc"):
        raise UserError(f"{key} must be a folder that can be written to, got {shown(value)}")
    return folder


def parse_runtime(plain: Any) -> RuntimeConfig:
    """Returns the runtime section; raises UserError for a wrong value."""
    if isinstance(plain, dict) and plain.get("executor") == "dry":
        raise UserError("runtime.executor=dry is now a task: write task=dry")
    if not isinstance(plain, dict) or plain.get("executor") != "ray":
        return check(RuntimeConfig, plain, "runtime")
    address = plain.get("address")
    if address is not None and not (isinstance(address, str) and _ADDRESS.fullmatch(address)):
        raise UserError(f"runtime.address must be auto, local, HOST:PORT or null, got {shown(address)}")
    return check(RayConfig, plain, "runtime")


def parse_tracking(plain: Any) -> TrackingConfig:
    """Returns the tracking section; raises UserError for a wrong value."""
    tracking = check(TrackingConfig, plain, "tracking")
    if tracking.uri == "" == os.environ.get(URI):
        tracking = replace(tracking, uri=None)  # an empty variable counts as none
    if tracking.uri is not None and not re.match(r"(https?|sqlite|postgresql|mysql|mssql)(\+\w+)?://.", tracking.uri):
        raise UserError(
            "tracking.uri must be a server (http://...) or a database (sqlite:///...) that MLflow can use, "
            f"got {shown(tracking.uri)}" + (f", from {URI}" if tracking.uri == os.environ.get(URI) else "")
        )
    return tracking


def _named(study: Any) -> Any:
    """A name such as 2024 is a number in YAML."""
    if isinstance(study, dict) and isinstance(name := study.get("name"), int) and not isinstance(name, bool):
        return {**study, "name": str(name)}
    return study


def parse_surroundings(plain: dict[str, Any], allowed: list[str]) -> Surroundings:
    """Returns the settings around a single trial.

    Args:
        plain: The composed configuration, as plain data.
        allowed: The modules whose functions a configuration may name.

    Raises:
        UserError: A value is wrong.
    """
    # `recorded` is the result of a trial in a file that a study has written.
    sections = build_task(task_component(plain, allowed)).sections
    known = {"task", *sections, "recorded", *Settings.__dataclass_fields__} - {"objectives"}
    for key in plain:
        if key not in known:
            raise UserError(f"{key} is not a known key{nearest(key, known)}")
    for key in ("runtime", "study", "tracking", "runs_folder"):
        if key not in plain:
            raise UserError(f"{key} is missing from the configuration")
    study = check(StudyConfig, _named(plain["study"]), "study")
    if study.name is not None:
        check_study_name(study.name)
    return Surroundings(
        runtime=parse_runtime(plain["runtime"]),
        study=study,
        tracking=parse_tracking(plain["tracking"]),
        runs_folder=parse_folder(plain["runs_folder"]),
    )


def parse_settings(plain: dict[str, Any], allowed: list[str]) -> Settings:
    """Returns the settings around the trials of a search.

    Args:
        plain: The composed configuration, as plain data.
        allowed: The modules whose functions a configuration may name.

    Raises:
        UserError: A value is wrong.
    """
    around = parse_surroundings(plain, allowed)
    if "search" not in plain:
        raise UserError(
            "search is missing, for there is none of the model's name: choose one with search=cnn, "
            "or search=default with parameters on the command line, such as 'train.batch_size=choice(64,128)'"
        )
    for key in ("sampler", "pruner"):
        if key not in plain:
            raise UserError(f"{key} is missing from the configuration")
    search, objectives = parse_search(plain["search"], metric_table(build_task(task_component(plain, allowed)), plain))
    return Settings(
        **vars(around),
        search=search,
        objectives=objectives,
        sampler=parse_component(plain["sampler"], "sampler", allowed),
        pruner=parse_component(plain["pruner"], "pruner", allowed),
    )
