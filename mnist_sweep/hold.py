"""A study's folder is one driver's at a time, and one configuration's for ever."""

import contextlib
from collections.abc import Iterator
from typing import Any

from filelock import FileLock, Timeout

from mnist_sweep import files
from mnist_sweep.config import UserError
from mnist_sweep.config.compose import differences

# Parts of the configuration that don't change what a study is: it can go on with others.
MAY_CHANGE = ("search.n_trials", "search.timeout", "search.target", "search.max_failures", "runtime", "tracking",
              "runs_folder", "study.name", "study.keep_models", "data.path")  # fmt: skip


@contextlib.contextmanager
def locked(folder: files.StudyFolder) -> Iterator[None]:
    """Holds a study's folder; raises UserError if another driver does. A dead driver's hold ends with it."""
    folder.path.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.lock)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(f"study {folder.name} is being worked on by another sweep ({folder.path} is locked)") from None
    try:
        folder.journal.with_name(folder.journal.name + ".lock").unlink(missing_ok=True)  # of a driver that was killed
        yield
    finally:
        lock.release()


def check_same_study(folder: files.StudyFolder, plain: dict[str, Any]) -> None:
    """Keeps the configuration with a new study; raises UserError where a study was begun with another one."""
    if folder.trials() and not folder.journal.exists():
        raise UserError(f"study.name={folder.name} holds single trials of `train`: use another name for a search")
    if not folder.config.exists():
        files.write_yaml(folder.config, plain, f"# The base configuration of study {folder.name}, and its space.\n")
        return
    changed = [
        line
        for line in differences(files.read_yaml(folder.config), plain)
        if not any(line.startswith((f"{key}:", f"{key}.")) for key in MAY_CHANGE)
    ]
    if changed:
        more = f" and {len(changed) - 4} more" if len(changed) > 4 else ""
        raise UserError(
            f"study {folder.name} was begun with another configuration ({'; '.join(changed[:4])}{more}); "
            "use study.name=... for a new study, or the old configuration to go on with it"
        )
