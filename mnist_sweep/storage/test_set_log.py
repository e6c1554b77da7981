"""Log of test-set accesses: how often, when, and to judge what."""

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
    """Returns all logged accesses, the oldest first; raises UserError for a damaged log, which must not be lost."""
    if not study.test_set.exists():
        return []
    return check(list[Opening], read_json(study.test_set).get("openings"), f"{study.test_set}: openings")


def open_for(study: StudyFolder, trials: list[int], seeds: int, command: str) -> int:
    """Logs an access to the test set; continuing what was begun is no new access.

    Args:
        study: The study.
        trials: The trials that are judged.
        seeds: How many seeds each of them has.
        command: The command line.

    Returns:
        How often the test set was accessed for other trials or seeds before.
    """
    log = openings(study)
    same = [entry for entry in log if sorted(entry.trials) == sorted(trials) and entry.seeds == seeds]
    if not same:
        log = [*log, Opening(time.strftime("%Y-%m-%d %H:%M:%S"), trials, seeds, command)]
        write_json(study.test_set, {"times_opened": len(log), "openings": [asdict(entry) for entry in log]})
    return len(log) - 1
