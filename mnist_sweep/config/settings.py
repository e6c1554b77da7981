"""How a search is run: budget, objective, runtime, study and tracking, as dataclasses with ranges."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass as plain_dataclass
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, WrapValidator
from pydantic.dataclasses import dataclass

from mnist_sweep.config.check import check, nearest, shown
from mnist_sweep.config.component import Component, parse_component
from mnist_sweep.config.constraints import Constraint, parse_constraint
from mnist_sweep.config.errors import UserError
from mnist_sweep.config.metrics import Metric
from mnist_sweep.config.runtime_settings import RuntimeConfig, parse_runtime
from mnist_sweep.config.schema import CONFIG, Bool, Int
from mnist_sweep.config.search_settings import SearchConfig, parse_search
from mnist_sweep.config.study_settings import StudyConfig, parse_study
from mnist_sweep.config.task import build_task, metric_table, task_component

URI = "MLFLOW_TRACKING_URI"  # MLflow's own variable, which conf/tracking names


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
    study = parse_study(plain["study"])
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
