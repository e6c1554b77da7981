"""A study's folder is one driver's at a time, and one configuration's for ever."""

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from typing import Any

from filelock import FileLock, Timeout

from mnist_sweep import files
from mnist_sweep.config import UserError
from mnist_sweep.config.compose import differences
from mnist_sweep.storage.folders import StudyFolder

# Parts of the configuration that don't change what a study is: it can go on with others.
MAY_CHANGE = ("search.n_trials", "search.timeout", "search.target", "search.max_failures", "search.audit",
              "runtime.workers", "runtime.memory_limit", "runtime.trial_timeout", "runtime.allowed_targets", "tracking",
              "runs_folder", "study.name", "study.fork", "study.keep_models", "data.path")  # fmt: skip
SHOWN = 4


def _holder(folder: StudyFolder) -> str:
    """Who works on a study, as it was noted when its lock was taken."""
    noted = files.read_if_whole(folder.driver)
    return ", ".join(f"{key} {noted[key]}" for key in ("pid", "host", "since") if noted.get(key))


@contextlib.contextmanager
def locked(folder: StudyFolder) -> Iterator[None]:
    """Holds a study's folder; raises UserError if another driver does. A dead driver's hold ends with it."""
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
        folder.journal.with_name(folder.journal.name + ".lock").unlink(missing_ok=True)  # of a driver that was killed
        yield
    finally:
        folder.driver.unlink(missing_ok=True)
        if list(folder.path.iterdir()) == [folder.lock]:  # a search that was refused leaves nothing behind
            folder.lock.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                folder.path.rmdir()
        lock.release()


def is_held(folder: StudyFolder) -> bool:
    """Whether a driver is at work on a study, on this machine or another one that shares the folder."""
    if not folder.driver.is_file():
        return False
    lock = FileLock(folder.lock)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def identity(plain: dict[str, Any], data_digest: str) -> dict[str, Any]:
    """What a study is: its composed configuration, space included, and the digest of its data."""
    return {**plain, "data_digest": data_digest}


def changed(folder: StudyFolder, now: dict[str, Any]) -> list[str]:
    """What is different from the identity that a study was begun with, a line for each key; nothing for a new one."""
    if not folder.config.exists():
        return []
    return [
        line
        for line in differences(files.read_yaml(folder.config), now)
        if not any(line.startswith((f"{key}:", f"{key}.")) for key in MAY_CHANGE)
    ]


def check_not_single(folder: StudyFolder) -> None:
    """Raises UserError for a folder of single trials."""
    if folder.trials() and not folder.journal.exists():
        raise UserError(f"study.name={folder.name} holds single trials of `train`: use another name for a search")


def check_not_another(folder: StudyFolder, now: dict[str, Any]) -> None:
    """Raises UserError where a study was begun as another one."""
    check_not_single(folder)
    if different := changed(folder, now):
        more = f" and {len(different) - SHOWN} more" if len(different) > SHOWN else ""
        raise UserError(
            f"study {folder.name} was begun with another configuration ({'; '.join(different[:SHOWN])}{more}); use "
            "study.name=... for a new study, study.fork=true for one that takes over the finished trials that still "
            "fit, or the old configuration to go on"
        )


def keep_identity(folder: StudyFolder, now: dict[str, Any]) -> None:
    """Keeps the identity with a new study; raises UserError where it has become another one in the meantime."""
    check_not_another(folder, now)
    if not folder.config.exists():
        files.write_yaml(folder.config, now, f"# The base configuration of study {folder.name}, and its space.\n")
