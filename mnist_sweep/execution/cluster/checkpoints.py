"""A trial's checkpoints on their way: from a node to the driver as they are written, and to the node that goes on.

The driver's copy lies in the trial's folder, as on one machine. Where driver and node share their files, a checkpoint
is moved or linked, and nothing is copied.
"""

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path

from mnist_sweep import files
from mnist_sweep.storage.folders import TrialFolder

NAME = TrialFolder.checkpoint.name
BYTES_PER_SECOND = 10e6  # of a node's checkpoints on their way to the driver, which has the network for all nodes


class Pace:
    """Which checkpoints of a node are sent: all of them, unless they are more than the network should have."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._free_at = clock, 0.0

    def content(self, folder: Path) -> bytes | None:
        """Returns the checkpoint in a trial's folder, None where it has to wait for the next one, or is gone."""
        now = self._clock()
        if now < self._free_at:
            return None
        try:
            content = (folder / NAME).read_bytes()
        except FileNotFoundError:
            return None
        self._free_at = now + len(content) / BYTES_PER_SECOND
        return content


def read(folder: Path) -> bytes | None:
    """Returns the checkpoint in a trial's folder, None where there is none."""
    try:
        return (folder / NAME).read_bytes()
    except OSError:
        return None


def put(content: bytes, folder: Path) -> None:
    """Writes a checkpoint into a trial's folder, which may not exist yet."""
    folder.mkdir(parents=True, exist_ok=True)
    with files.replaced(folder / NAME) as beside:
        beside.write_bytes(content)


def link(source: Path, folder: Path) -> None:
    """Makes the checkpoint of a trial's folder, if it has one, that of the folder within it that it is trained in."""
    with contextlib.suppress(OSError):  # without it the trial begins at the start
        folder.mkdir(parents=True, exist_ok=True)
        os.link(source / NAME, folder / NAME)


def move(source: Path, folder: Path) -> None:
    """Moves a checkpoint up into the trial's folder; it may have been moved already."""
    with contextlib.suppress(FileNotFoundError):
        (source / NAME).replace(folder / NAME)


def rescue(folder: Path) -> None:
    """Moves the newest checkpoint of what was lost on a shared disk up into the trial's folder."""
    found = list(folder.glob(f".[0-9]*/{NAME}"))
    if found:
        newest = max(found, key=lambda path: path.stat().st_mtime)
        own = folder / NAME
        if not own.exists() or newest.stat().st_mtime > own.stat().st_mtime:
            move(newest.parent, folder)
