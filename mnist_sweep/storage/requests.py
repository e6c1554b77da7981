"""Requests to the driver of a running study, as files in its folder: anybody asks, the driver acts and answers."""

import contextlib
import getpass
import json
import os
import socket
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from pydantic.dataclasses import dataclass as checked

from mnist_sweep import files
from mnist_sweep.config import UserError
from mnist_sweep.config.check import check
from mnist_sweep.config.schema import LOOSE
from mnist_sweep.config.secrets import masked
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.lock import is_held

Kind = Literal["stop", "pause", "resume", "add", "set"]
LOOK_SECONDS = 0.1
PATIENCE_SECONDS = 30.0  # a driver that is drawing its report looks at nothing
ANSWER = ".answer"


@checked(frozen=True, config=LOOSE)
class Request:
    """What is asked of a running search.

    Attributes:
        kind: What.
        by: Who asks.
        at: When, in seconds since 1970.
        trial: The trial that is meant, None for the search.
        overrides: Of `add` and `set`.
        is_awaited: Whether somebody waits for the answer.
    """

    kind: Kind
    by: str
    at: float
    trial: int | None = None
    overrides: tuple[str, ...] = ()
    is_awaited: bool = True

    def __str__(self) -> str:
        """As it is typed."""
        return " ".join([self.kind, *([] if self.trial is None else [f"trial {self.trial}"]), *self.overrides])


@checked(frozen=True, config=LOOSE)
class Answer:
    """What the driver says to a request: whether it does it, and a line."""

    is_done: bool
    text: str


@dataclass(frozen=True)
class Asked:
    """A request that waits for its answer, and its file."""

    request: Request
    file: Path


def who() -> str:
    """Returns who asks: user and host."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user without a name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def waiting(folder: StudyFolder) -> list[Asked]:
    """Returns the requests that wait, the oldest first; what can't be read is removed."""
    found = []
    for file in sorted(folder.requests.glob("[0-9]*.json")) if folder.requests.is_dir() else ():
        try:
            found.append(Asked(check(Request, files.read_json(file), str(file)), file))
        except UserError:
            file.unlink(missing_ok=True)
    return found


def answer(folder: StudyFolder, asked: Asked, given: Answer) -> None:
    """Answers a request, and logs both.

    Args:
        folder: The study's folder.
        asked: The request.
        given: The answer.
    """
    line = {**asdict(asked.request), "answered": time.time(), **asdict(given)}
    with folder.request_log.open("a", encoding="utf-8") as log:
        log.write(masked(json.dumps(line)) + "\n")
    if asked.request.is_awaited:
        files.write_json(asked.file.with_suffix(ANSWER), asdict(given))
    asked.file.unlink(missing_ok=True)


def logged(folder: StudyFolder) -> list[tuple[Request, Answer]]:
    """Returns all requests that were answered, the oldest first; a line that was cut off is left out."""
    found = []
    text = folder.request_log.read_text(encoding="utf-8") if folder.request_log.is_file() else ""
    for line in text.splitlines():
        with contextlib.suppress(UserError, ValueError):
            content = json.loads(line)
            found.append((check(Request, content, "request"), check(Answer, content, "answer")))
    return found


def leave(folder: StudyFolder, request: Request) -> Path:
    """Writes a request into a study's folder, and waits for nothing; returns its file."""
    folder.requests.mkdir(exist_ok=True)
    file = folder.requests / f"{time.time_ns()}-{os.getpid()}.json"
    files.write_json(file, asdict(request))
    return file


def send(folder: StudyFolder, request: Request) -> Answer:
    """Asks the driver of a study, and waits for its answer.

    Raises:
        UserError: No driver is running, or it does not answer; the request is withdrawn.
    """
    if not is_held(folder):
        instead = {"set": "; give them to its next sweep", "add": "; give its next sweep search.start=[...]"}
        raise UserError(f"study {folder.name} is not running{instead.get(request.kind, '')}")
    file = leave(folder, request)
    reply = file.with_suffix(ANSWER)
    deadline = time.monotonic() + PATIENCE_SECONDS
    try:
        while not reply.is_file():
            if not is_held(folder):
                raise UserError(f"study {folder.name} has ended before it could {request.kind}")
            if time.monotonic() > deadline:
                raise UserError(
                    f"study {folder.name} does not answer: it may be drawing its report; nothing is changed"
                )
            time.sleep(LOOK_SECONDS)
        return check(Answer, files.read_json(reply), str(reply))
    finally:
        file.unlink(missing_ok=True)
        reply.unlink(missing_ok=True)
