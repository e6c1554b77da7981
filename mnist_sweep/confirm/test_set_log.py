"""The book of the test images: how often they were opened for a study, when, and to judge what."""

import time
from dataclasses import asdict

from pydantic.dataclasses import dataclass

from mnist_sweep.config.check import check
from mnist_sweep.config.schema import CONFIG
from mnist_sweep.files import read_json, write_json
from mnist_sweep.storage.folders import StudyFolder


@dataclass(frozen=True, config=CONFIG)
class Opening:
    """When the test images were opened, to judge which trials on how many seeds, and by which command."""

    opened: str
    trials: list[int]
    seeds: int
    command: str


def openings(study: StudyFolder) -> list[Opening]:
    """All openings, the first one first; raises UserError for a damaged book: it must not be forgotten."""
    if not study.test_set.exists():
        return []
    return check(list[Opening], read_json(study.test_set).get("openings"), f"{study.test_set}: openings")


def open_for(study: StudyFolder, trials: list[int], seeds: int, command: str) -> int:
    """Notes that the test images are opened to judge these trials; gives how often they were opened for others before.

    Going on with what was begun is no new opening.
    """
    book = openings(study)
    same = [entry for entry in book if sorted(entry.trials) == sorted(trials) and entry.seeds == seeds]
    if not same:
        book = [*book, Opening(time.strftime("%Y-%m-%d %H:%M:%S"), trials, seeds, command)]
        write_json(study.test_set, {"times_opened": len(book), "openings": [asdict(entry) for entry in book]})
    return len(book) - 1
