"""settled.json: since when the files of all ended trials are complete; a long study opens without reading them."""

import os
import time
from pathlib import Path

from mnist_sweep.files import read_json_or_empty, write_json
from mnist_sweep.storage.folders import StudyFolder, TrialFolder


def _changed(file: Path) -> int | None:
    """Returns when a file was written, in nanoseconds since 1970; None if it is empty or missing."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns if found.st_size else None


class Settled:
    """The content of settled.json: trials whose files are no younger need not be checked again."""

    def __init__(self, study: StudyFolder, tracked: bool) -> None:
        """Reads settled.json.

        Args:
            study: The study's folder.
            tracked: Whether MLflow has to have the trials too.
        """
        noted = read_json_or_empty(study.settled)
        since = noted.get("since")
        valid = since == _changed(study.settled) and (noted.get("mirrored") or not tracked)
        self._since = since if valid else None  # a copy has new times, which say nothing
        self._tracked = tracked

    def has(self, folder: TrialFolder) -> bool:
        """Returns whether a trial has ended and nothing about it has to be checked again."""
        if self._since is None:
            return False
        times = [_changed(file) for file in (folder.state, *([folder.tracking] if self._tracked else []))]
        return all(time is not None and time <= self._since for time in times)


def note_settled(study: StudyFolder, tracked: bool) -> None:
    """Records that all files of the trials that have ended are complete.

    Args:
        study: The study's folder.
        tracked: Whether these trials are in MLflow as well.
    """
    now = time.time_ns()
    write_json(study.settled, {"mirrored": tracked, "since": now})
    os.utime(study.settled, ns=(now, now))
