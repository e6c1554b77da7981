"""Which trials were found whole before, so that opening a long study does not read all of their files again."""

import os
import time
from pathlib import Path

from mnist_sweep.files import read_if_whole, write_json
from mnist_sweep.storage.folders import StudyFolder, TrialFolder


def _changed(file: Path) -> int | None:
    """When a file was written; None if there is nothing in it."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns if found.st_size else None


class Settled:
    """What settled.json says: files of ended trials that are no younger are as they should be."""

    def __init__(self, study: StudyFolder, tracked: bool) -> None:
        """`tracked`: MLflow has to have them too."""
        whole = read_if_whole(study.settled)
        since = whole.get("since")
        sound = since == _changed(study.settled) and (whole.get("mirrored") or not tracked)
        self._since = since if sound else None  # a copy with new times says nothing
        self._tracked = tracked

    def has(self, folder: TrialFolder) -> bool:
        """Whether nothing about a trial that has ended is to be looked at again."""
        if self._since is None:
            return False
        times = [_changed(file) for file in (folder.state, *([folder.tracking] if self._tracked else []))]
        return all(time is not None and time <= self._since for time in times)


def note_settled(study: StudyFolder, tracked: bool) -> None:
    """Notes that everything about the trials that have ended is written, and in MLflow if they are `tracked`."""
    now = time.time_ns()
    write_json(study.settled, {"mirrored": tracked, "since": now})
    os.utime(study.settled, ns=(now, now))
