"""deleted.json: the trials of a study that a person has deleted; their numbers are not used again."""

import time
from dataclasses import asdict, dataclass, field

from pydantic.dataclasses import dataclass as checked

from mnist_sweep.config.check import check
from mnist_sweep.config.schema import LOOSE
from mnist_sweep.files import read_json_or_empty, write_json
from mnist_sweep.storage.folders import StudyFolder


@checked(frozen=True, config=LOOSE)
class Deleted:
    """A trial that was deleted: its number, by whom, and when, in seconds since 1970."""

    trial: int
    by: str
    at: float


@dataclass(frozen=True)
class _File:
    trials: list[Deleted] = field(default_factory=list)


def deleted(folder: StudyFolder) -> list[Deleted]:
    """Returns the trials of a study that were deleted, in that order.

    Raises:
        UserError: The file is damaged.
    """
    content = read_json_or_empty(folder.deleted)
    return [check(Deleted, one, str(folder.deleted)) for one in content.get("trials", [])]


def deleted_numbers(folder: StudyFolder) -> set[int]:
    """Returns the numbers of the trials that were deleted."""
    return {one.trial for one in deleted(folder)}


def note_deleted(folder: StudyFolder, number: int, by: str) -> None:
    """Notes that a trial is deleted, by whom."""
    write_json(folder.deleted, asdict(_File([*deleted(folder), Deleted(number, by, time.time())])))
