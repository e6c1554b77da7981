"""record.json: the metadata of an MLflow run, the same for every kind of run."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from mnist_sweep.config.errors import UserError
from mnist_sweep.config.flatten import flatten
from mnist_sweep.files import read_json, write_json
from mnist_sweep.formatting import fenced
from mnist_sweep.provenance import source_tags
from mnist_sweep.storage.state import TrialState


class RunKind(StrEnum):
    """What a run is: the tag `kind` of its MLflow run."""

    STUDY = "study"
    TRIAL = "trial"
    TRAIN = "train"
    CONFIRM = "confirm"
    REPRODUCTION = "reproduction"


@dataclass(frozen=True)
class RunRecord:
    """The metadata of a run, known before it begins.

    Attributes:
        name: The run's name.
        params: All parameters by dotted key.
        searched: The keys of those that were searched.
        tags: The tags that it begins with.
        data: The description of its data set, empty for a study.
        started: Seconds since 1970.
    """

    name: str
    params: dict[str, Any]
    searched: list[str]
    tags: dict[str, str]
    data: dict[str, Any]
    started: float

    def write(self, file: Path) -> None:
        """Writes record.json, from which the run can be made at any later time."""
        write_json(file, asdict(self))


@dataclass(frozen=True)
class RunDescription:
    """What differs between the kinds of runs; `run_record` makes a record of it.

    Attributes:
        kind: What the run is.
        name: The run's name.
        study: The name of its study.
        folder: Its folder.
        command: The command that repeats it.
        started_by: The command line that started it.
        config: The configuration that it trains, as plain data; for a study the base configuration.
        data: The description of its data set, as plain data.
        executor: `runtime.executor`.
        trial: Its number, None for a study.
        searched: The keys that were searched.
        params: Parameters besides those of the configuration, before them.
        note: Its description in MLflow, in Markdown; None for the command.
        tags: Further tags.
    """

    kind: RunKind
    name: str
    study: str
    folder: Path
    command: str
    started_by: str
    config: Mapping[str, Any]
    data: Mapping[str, Any]
    executor: str
    trial: int | None = None
    searched: Iterable[str] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    note: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


def run_record(run: RunDescription, started: float | None = None) -> RunRecord:
    """Returns the record of a run, with the tags that every run has.

    Args:
        run: What is particular to the run.
        started: Seconds since 1970, None for now.
    """
    is_study = run.kind is RunKind.STUDY
    params = {**run.params, **flatten(run.config)}
    tags = {
        "study": run.study,
        "kind": run.kind.value,
        "folder": str(run.folder.absolute()),
        "command": run.command,
        "data_digest": str(run.data["digest"]),
        "executor": run.executor,
        **({} if run.trial is None else {"trial": str(run.trial)}),
        **(
            {}
            if is_study
            else {"state": TrialState.RUNNING.value, "mlflow.note.content": run.note or fenced(run.command)}
        ),
        **run.tags,
        **source_tags(run.started_by),
    }
    return RunRecord(
        name=run.name,
        params=params,
        searched=list(params) if is_study else list(run.searched),
        tags=tags,
        data={} if is_study else dict(run.data),
        started=time.time() if started is None else started,
    )


def read_record(file: Path) -> RunRecord:
    """Returns a record as it was written.

    Raises:
        UserError: The file is missing or damaged.
    """
    content = read_json(file)
    try:
        return RunRecord(**content)
    except TypeError as error:
        raise UserError(f"{file} is damaged: {error}") from None
