"""`mnist-sweep stop`, `pause`, `resume`, `add` and `set`: asks the driver of a running search, and says its answer."""

import sys
import time
from typing import Any

from mnist_sweep.cli.requests import steer_request
from mnist_sweep.config.composed import Composed
from mnist_sweep.results.locate import find_study
from mnist_sweep.storage.requests import Kind, Request, send, who


def _ask(composed: Composed, kind: Kind) -> tuple[int, Any]:
    asked = steer_request(composed, kind)
    folder = find_study(asked.runs_folder, asked.study)
    answer = send(folder, Request(kind, who(), time.time(), asked.trial, tuple(asked.given)))
    (sys.stdout if answer.is_done else sys.stderr).write(f"{'' if answer.is_done else 'error: '}{answer.text}\n")
    return (0 if answer.is_done else 2), None


def stop(composed: Composed) -> tuple[int, Any]:
    """Stops a search as by Ctrl-C, or one of its trials."""
    return _ask(composed, "stop")


def pause(composed: Composed) -> tuple[int, Any]:
    """Lets no further trial begin."""
    return _ask(composed, "pause")


def resume(composed: Composed) -> tuple[int, Any]:
    """Lets trials begin again."""
    return _ask(composed, "resume")


def add(composed: Composed) -> tuple[int, Any]:
    """Adds a trial, which is tried next."""
    return _ask(composed, "add")


def change(composed: Composed) -> tuple[int, Any]:
    """Changes limits of the search."""
    return _ask(composed, "set")
