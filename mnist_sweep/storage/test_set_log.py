"""Log of test-set accesses: how often, when, and to judge what."""

import time
from dataclasses import asdict
from enum import StrEnum

from filelock import FileLock
from pydantic.dataclasses import dataclass

from mnist_sweep.config.check import check
from mnist_sweep.config.schema import CONFIG
from mnist_sweep.files import read_json, write_json
from mnist_sweep.storage.folders import StudyFolder


class Purpose(StrEnum):
    """What the test images were opened for."""

    CONFIRM = "confirm"
    TRAIN = "train"
    REPRODUCE = "reproduce"
    REPLAY = "replay of a recorded experiment"


@dataclass(frozen=True, config=CONFIG)
class Opening:
    """An access to the test images.

    Attributes:
        opened: When.
        trials: Which trials were judged; none where they are of another store.
        seeds: On how many seeds.
        command: By which command.
        purpose: What for. A replay repeats a protocol that was fixed before, and is not counted.
    """

    opened: str
    trials: list[int]
    seeds: int
    command: str
    purpose: Purpose = Purpose.CONFIRM


def openings(study: StudyFolder) -> list[Opening]:
    """Returns all logged accesses, the oldest first; raises UserError for a damaged log, which must not be lost."""
    if not study.test_set.exists():
        return []
    return check(list[Opening], read_json(study.test_set).get("openings"), f"{study.test_set}: openings")


def open_for(
    study: StudyFolder, trials: list[int], seeds: int, command: str, purpose: Purpose = Purpose.CONFIRM
) -> int:
    """Logs an access to the test set; continuing what was begun is no new access, nor is reproducing the same again.

    Args:
        study: The study.
        trials: The trials that are judged.
        seeds: How many seeds each of them has.
        command: The command line.
        purpose: What for.

    Returns:
        How often the test set was accessed for other trials or seeds before.
    """
    now = Opening(time.strftime("%Y-%m-%d %H:%M:%S"), trials, seeds, command, purpose)
    study.path.mkdir(parents=True, exist_ok=True)
    with FileLock(study.test_set_lock):  # `train` and `reproduce` don't hold the study's own lock
        log = openings(study)
        if not any(_is_same(entry, now) for entry in log):
            log = [*log, now]
            counted = sum(entry.purpose is not Purpose.REPLAY for entry in log)
            write_json(study.test_set, {"times_opened": counted, "openings": [asdict(entry) for entry in log]})
    return sum(entry.purpose is not Purpose.REPLAY and not _is_same(entry, now) for entry in log)


def _is_same(entry: Opening, now: Opening) -> bool:
    is_same = (sorted(entry.trials), entry.seeds, entry.purpose) == (sorted(now.trials), now.seeds, now.purpose)
    return is_same and (bool(now.trials) or entry.command == now.command)
