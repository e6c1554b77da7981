"""The lock of a study's folder: one driver at a time."""

import contextlib
import fcntl
import os
import socket
import time
from collections.abc import Iterator

from filelock import FileLock, Timeout

from mnist_sweep import files
from mnist_sweep.config import UserError
from mnist_sweep.storage.folders import StudyFolder


def _holder(folder: StudyFolder) -> str:
    """Returns pid, host and start of the process that holds a study, as text."""
    noted = files.read_json_or_empty(folder.driver)
    return ", ".join(f"{key} {noted[key]}" for key in ("pid", "host", "since") if noted.get(key))


@contextlib.contextmanager
def locked(folder: StudyFolder) -> Iterator[None]:
    """Returns a context that locks a study; the lock of a killed driver is released with its process.

    Raises:
        UserError: Another driver is running on the study.
    """
    folder.path.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.lock)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(
            f"study {folder.name} is being worked on by another process ({_holder(folder) or 'which has just begun'}): "
            "wait for it, stop it, or use another study.name"
        ) from None
    try:
        since = time.strftime("%Y-%m-%d %H:%M:%S")
        files.write_json(folder.driver, {"pid": os.getpid(), "host": socket.gethostname(), "since": since})
        folder.journal.with_name(folder.journal.name + ".lock").unlink(
            missing_ok=True
        )  # left by a driver that was killed
        yield
    finally:
        folder.driver.unlink(missing_ok=True)
        there = list(folder.path.iterdir()) if folder.path.is_dir() else []  # it may have been deleted
        if there == [folder.lock]:  # a search that was refused leaves nothing behind
            folder.lock.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                folder.path.rmdir()
        lock.release()


def check_free(folder: StudyFolder) -> None:
    """Raises UserError where a driver is running on a study."""
    if is_held(folder):
        raise UserError(f"study {folder.name} is being worked on by another process ({_holder(folder)}): stop it first")


def is_held(folder: StudyFolder) -> bool:
    """Returns whether a driver is running on a study, on this machine or another one that shares the folder."""
    if not folder.driver.is_file():
        return False
    try:
        opened = os.open(folder.lock, os.O_RDONLY)  # as nothing is written: the study may be another user's
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(opened)
    return False
