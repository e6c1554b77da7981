"""The book of the test images: how often they were opened for a study, when, and to judge what."""

import time
from typing import Any

from mnist_sweep.files import read_if_whole, write_json
from mnist_sweep.folders import StudyFolder


def openings(study: StudyFolder) -> list[dict[str, Any]]:
    """All openings, the first one first."""
    found: list[dict[str, Any]] = read_if_whole(study.test_set).get("openings", [])
    return found


def open_for(study: StudyFolder, trials: list[int], seeds: int, command: str) -> int:
    """Notes that the test images are opened to judge these trials; gives how often they were opened for others before.

    Going on with what was begun is no new opening.
    """
    book = openings(study)
    same = [entry for entry in book if sorted(entry["trials"]) == sorted(trials) and entry["seeds"] == seeds]
    if not same:
        entry = {"opened": time.strftime("%Y-%m-%d %H:%M:%S"), "trials": trials, "seeds": seeds, "command": command}
        write_json(study.test_set, {"times_opened": len(book) + 1, "openings": [*book, entry]})
    return len(book) - len(same)
