"""What each command is asked for: a dataclass for each, read and checked in one place."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field
from pydantic.dataclasses import dataclass as checked

from mnist_sweep.config import UserError, parse_trial
from mnist_sweep.config.check import check, shown
from mnist_sweep.config.composed import Composed
from mnist_sweep.config.image_classifier import ImageClassifierConfig
from mnist_sweep.config.runtime_settings import RuntimeConfig, parse_runtime
from mnist_sweep.config.schema import CONFIG, Bool, Int, NotNegative
from mnist_sweep.config.settings import ConfirmConfig, TrackingConfig, parse_folder, parse_tracking
from mnist_sweep.results.table import check_target


def _name(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise UserError(f"study must be a study's name, got {shown(value)}")
    return value


@dataclass(frozen=True)
class ShowRequest:
    """Of `show`.

    Attributes:
        study: A study's name, None for the one that was worked on last.
        runs_folder: Where the studies lie.
        limit: How many trials are listed, None for all.
        sort: What they are sorted by, None for the objective.
        is_descending: Whether the largest comes first.
    """

    study: str | None
    runs_folder: Path
    limit: int | None
    sort: str | None
    is_descending: bool


def show_request(composed: Composed) -> ShowRequest:
    """Returns what `show` is asked for; raises UserError."""
    limit, sort = composed.config["limit"], composed.config["sort"]
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 1):
        raise UserError(f"limit must be a whole number from 1, or null, got {shown(limit)}")
    if sort is not None and not isinstance(sort, str):
        raise UserError(f"sort must be a column's name, got {shown(sort)}")
    name, folder = _name(composed.config["study_name"]), parse_folder(composed.config["runs_folder"], reads=True)
    is_descending = sort is not None and sort.startswith("-")
    return ShowRequest(name, folder, limit, sort.removeprefix("-") if sort else None, is_descending)


def studies_request(composed: Composed) -> Path:
    """Returns the runs folder that `studies` is asked for; raises UserError."""
    return parse_folder(composed.config["runs_folder"], reads=True)


def _output(value: Any, usual: Path) -> Path:
    """Returns the folder to write to; raises UserError where that is impossible."""
    if value is not None:
        return parse_folder(value, key="output")
    there = next(path for path in (usual, *usual.parents) if path.exists())
    if not os.access(there, os.W_OK):
        raise UserError(f"{there} can't be written to: give another folder with output=...")
    return usual


TENSORBOARD, SAVED_MODEL, ONNX = "tensorboard", "saved_model", ".onnx"  # what `export` writes besides tables


@dataclass(frozen=True)
class ExportRequest:
    """Of `export`.

    Attributes:
        study: A study's name, None for the one that was worked on last.
        runs_folder: Where the studies lie.
        to: The file that its trials, or the network of the best one, go to; None for a folder of the study's.
        kind: `tensorboard`, `saved_model`, or the ending of the file.
    """

    study: str | None
    runs_folder: Path
    to: Path | None
    kind: str


def export_request(composed: Composed) -> ExportRequest:
    """Returns what `export` is asked for; raises UserError."""
    to = composed.config["to"]
    folder, study = parse_folder(composed.config["runs_folder"], reads=True), _name(composed.config["study_name"])
    if to in (TENSORBOARD, SAVED_MODEL):
        return ExportRequest(study, folder, None, to)
    file = check_target(to, [ONNX], [TENSORBOARD, SAVED_MODEL])
    return ExportRequest(study, folder, file, file.suffix.lower())


@dataclass(frozen=True)
class EnsembleRequest:
    """Of `ensemble`: a study, None for the one that was worked on last, and how many of its best trials."""

    study: str | None
    runs_folder: Path
    top_k: int


def ensemble_request(composed: Composed) -> EnsembleRequest:
    """Returns what `ensemble` is asked for; raises UserError."""
    top_k = composed.config["top_k"]
    if not isinstance(top_k, int) or isinstance(top_k, bool):
        raise UserError(f"top_k must be a whole number from 2, got {shown(top_k)}")
    folder = parse_folder(composed.config["runs_folder"], reads=True)
    return EnsembleRequest(_name(composed.config["study_name"]), folder, top_k)


@dataclass(frozen=True)
class SteerRequest:
    """Of `stop`, `pause`, `resume`, `add` and `set`.

    Attributes:
        study: A study's name, None for the one that was worked on last.
        trial: One of its trials, None for the search.
        given: Overrides.
        runs_folder: Where the studies lie.
    """

    study: str | None
    trial: int | None
    given: list[str]
    runs_folder: Path


def steer_request(composed: Composed, name: str) -> SteerRequest:
    """Returns what a command for a running search is asked for; raises UserError."""
    config = composed.config
    study, folder = _name(config["study_name"]), parse_folder(config["runs_folder"])
    if name in ("add", "set") and not config["given"]:
        example = "model.dropout=0.3" if name == "add" else "search.n_trials=60"
        raise UserError(f"{name} takes overrides, such as {example}")
    return SteerRequest(study, config["trial"], [str(text) for text in config["given"]], folder)


@dataclass(frozen=True)
class DeleteRequest:
    """Of `delete`: a study, one of its trials or None for all of it, and whether it is not to be asked."""

    study: str
    trial: int | None
    yes: bool
    tracking: TrackingConfig
    runs_folder: Path


def delete_request(composed: Composed) -> DeleteRequest:
    """Returns what `delete` is asked for; raises UserError."""
    config = composed.config
    if (study := _name(config["study_name"])) is None:
        raise UserError("delete takes a study's name, or STUDY/TRIAL")
    trial = config["trial"]
    if trial is not None and (not isinstance(trial, int) or isinstance(trial, bool) or trial < 0):
        raise UserError(f"trial must be a trial's number, or null for the study, got {shown(trial)}")
    if not isinstance(config["yes"], bool):
        raise UserError(f"yes must be true or false, got {shown(config['yes'])}")
    tracking, folder = parse_tracking(config["tracking"]), parse_folder(config["runs_folder"])
    return DeleteRequest(study, trial, config["yes"], tracking, folder)


@dataclass(frozen=True)
class ReportRequest:
    """Of `report`: studies, None for the one that was worked on last; where to write, None for the usual folder."""

    studies: list[str | None]
    runs_folder: Path
    output: Any

    def folder(self, usual: Path) -> Path:
        """Returns the folder to write to; raises UserError where that is impossible."""
        return _output(self.output, usual)


def report_request(composed: Composed) -> ReportRequest:
    """Returns what `report` is asked for; raises UserError."""
    given = composed.config["study_name"]
    names = given if isinstance(given, list) else [given]
    if not names or any(name is not None and not isinstance(name, str) for name in names):
        raise UserError(f"study must be a study's name or a list of names, got {shown(given)}")
    return ReportRequest(names, parse_folder(composed.config["runs_folder"], reads=True), composed.config["output"])


@dataclass(frozen=True)
class SyncRequest:
    """Of `sync`: a study, None for all."""

    study: str | None
    tracking: TrackingConfig
    runs_folder: Path


def sync_request(composed: Composed) -> SyncRequest:
    """Returns what `sync` is asked for; raises UserError."""
    config = composed.config
    tracking, folder = parse_tracking(config["tracking"]), parse_folder(config["runs_folder"])
    return SyncRequest(_name(config["study_name"]), tracking, folder)


@dataclass(frozen=True)
class UiRequest:
    """Of `ui`: the port, and whether a browser opens the page."""

    port: int
    open_browser: bool
    tracking: TrackingConfig
    runs_folder: Path


def ui_request(composed: Composed) -> UiRequest:
    """Returns what `ui` is asked for; raises UserError."""
    port = composed.config["port"]
    if not isinstance(port, int) or isinstance(port, bool) or not 1 <= port <= 65535:
        raise UserError(f"port must be a whole number from 1 to 65535, got {shown(port)}")
    open_browser = composed.config["open_browser"]
    if not isinstance(open_browser, bool):
        raise UserError(f"open_browser must be true or false, got {shown(open_browser)}")
    tracking, folder = parse_tracking(composed.config["tracking"]), parse_folder(composed.config["runs_folder"])
    return UiRequest(port, open_browser, tracking, folder)


@dataclass(frozen=True)
class CompareRequest:
    """Of `compare`: trials, each by STUDY (its best), STUDY/TRIAL, a trial's folder or an MLflow run id."""

    trials: list[str]
    tracking: TrackingConfig
    runs_folder: Path
    output: Path
    trusted: list[str]


def compare_request(composed: Composed) -> CompareRequest:
    """Returns what `compare` is asked for; raises UserError."""
    names = composed.config["trials"]
    if not isinstance(names, list) or len(names) < 2:
        raise UserError(
            "compare takes two or more of STUDY (its best trial), STUDY/TRIAL, a trial's folder or a run id"
        )
    folder = parse_folder(composed.config["runs_folder"], reads=True)
    output = _output(composed.config["output"], folder / "compare")
    tracking = parse_tracking(composed.config["tracking"])
    return CompareRequest([str(name) for name in names], tracking, folder, output, composed.trusted)


@dataclass(frozen=True)
class ConfirmRequest:
    """Of `confirm`: a study (None for the one that was worked on last), and how its finalists are confirmed."""

    study: str | None
    confirm: ConfirmConfig
    runtime: RuntimeConfig
    tracking: TrackingConfig
    runs_folder: Path


def confirm_request(composed: Composed) -> ConfirmRequest:
    """Returns what `confirm` is asked for; raises UserError."""
    config = composed.config
    return ConfirmRequest(
        confirm=check(ConfirmConfig, config["confirm"], "confirm"),
        runtime=parse_runtime(config["runtime"]),
        runs_folder=parse_folder(config["runs_folder"]),
        tracking=parse_tracking(config["tracking"]),
        study=_name(config["study_name"]),
    )


@checked(frozen=True, config=CONFIG)
class Reproduced:
    """Which trials are reproduced: one way to name them is given."""

    study_name: str | None
    trial: Annotated[Int, Field(ge=0)] | None
    all: Bool
    run: str | None
    file: str | None
    tolerance: NotNegative | None


@dataclass(frozen=True)
class ReproduceRequest:
    """Of `reproduce`: which trials, and where they run."""

    what: Reproduced
    runtime: RuntimeConfig
    tracking: TrackingConfig
    runs_folder: Path


def reproduce_request(composed: Composed) -> ReproduceRequest:
    """Returns what `reproduce` is asked for; raises UserError, also where a trial is named in two ways."""
    config = composed.config
    what = check(Reproduced, {key: config[key] for key in Reproduced.__dataclass_fields__ if key in config}, "")
    _check_one_way(what)
    runtime = parse_runtime(config["runtime"])
    return ReproduceRequest(what, runtime, parse_tracking(config["tracking"]), parse_folder(config["runs_folder"]))


def _check_one_way(what: Reproduced) -> None:
    given = {"run": what.run, "file": what.file, "study or trial": what.study_name or what.trial}
    given["study or trial"] = given["study or trial"] if what.trial is None else "trial"
    named = [name for name, value in given.items() if value is not None]
    if len(named) > 1:
        raise UserError(f"{named[0]} is given together with {named[1]}: give either")
    if what.all and (what.trial is not None or named not in ([], ["study or trial"])):
        name = named[0].removeprefix("study or ")
        raise UserError(f"all=true is of a whole study: it can't be given together with {name}")


def data_request(composed: Composed) -> ImageClassifierConfig:
    """Returns the configuration whose data set `data` is asked for; raises UserError."""
    if sweeps := [key for key in composed.sweeps if key.split(".")[0] == "data"]:
        raise UserError(f"{sweeps[0]} must be one value: one data set at a time is fetched")
    config = parse_trial(composed.config, composed.trusted)
    if not isinstance(config, ImageClassifierConfig):
        raise UserError(f"task={config.task.name} has no data set of images to fetch")
    return config
