"""checkpoint.bin: where a trial goes on from that was lost on the way. One file, written at once, no code in it.

A line that says what it is with the SHA-256 of the rest, a line of JSON, and the files one after the other.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic.dataclasses import dataclass as checked

from mnist_sweep.config.check import check
from mnist_sweep.config.errors import UserError
from mnist_sweep.config.schema import LOOSE
from mnist_sweep.files import replaced

FORMAT = "mnist_sweep checkpoint 1"
LINE = 200  # bytes of the first line, at most


@checked(frozen=True, config=LOOSE)
class Position:
    """Where a trial was when it wrote a checkpoint.

    Attributes:
        key: Says of which trial it is, and of which environment: see `tasks.checkpoints.key_of`.
        rows: What it had reported, the rows of its history.
        random: The states of the random number generators of Python and NumPy, by name, as plain data.
        named: The files of its result so far, as `TrialContext.add_file` names them.
    """

    key: str
    rows: list[dict[str, float]]
    random: dict[str, list[Any]]
    named: list[str]


@dataclass(frozen=True)
class Checkpoint:
    """A position, and files by name: the task's own, and the contents of those that are `named`."""

    position: Position
    files: Mapping[str, bytes]
    named: Mapping[str, bytes]


def write_checkpoint(file: Path, checkpoint: Checkpoint) -> None:
    """Writes a checkpoint in place of the one before, and waits until it is on the disk."""
    parts = [*checkpoint.files.items(), *checkpoint.named.items()]
    header = {
        **asdict(checkpoint.position),
        "files": [[name, len(content)] for name, content in checkpoint.files.items()],
        "contents": [[name, len(content)] for name, content in checkpoint.named.items()],
    }
    line = json.dumps(header, allow_nan=False).encode() + b"\n"
    digest = hashlib.sha256(line)
    for _, content in parts:
        digest.update(content)
    with replaced(file) as beside, beside.open("wb") as out:
        out.write(f"{FORMAT} {digest.hexdigest()}\n".encode())
        out.write(line)
        for _, content in parts:
            out.write(content)
        out.flush()
        os.fsync(out.fileno())


def read_checkpoint(file: Path, key: str) -> Checkpoint:
    """Returns a checkpoint.

    Args:
        file: Where it is.
        key: What its own must be.

    Raises:
        UserError: It is damaged, or of another trial or environment.
        FileNotFoundError: There is none.
    """
    with file.open("rb") as opened:
        first = opened.readline(LINE).decode(errors="replace").rsplit(maxsplit=1)
        rest = opened.read()
    if first[:1] != [FORMAT]:
        raise UserError(f"{file.name} is no checkpoint")
    if first[1] != hashlib.sha256(rest).hexdigest():
        raise UserError(f"{file.name} is damaged: its digest is another one")
    line, _, content = rest.partition(b"\n")
    try:
        header = json.loads(line)
        position = check(Position, header, file.name)
        parts: list[dict[str, bytes]] = []
        start = 0
        for sizes in (header["files"], header["contents"]):
            parts.append({})
            for name, size in sizes:
                parts[-1][str(name)] = content[start : start + int(size)]
                start += int(size)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UserError(f"{file.name} is damaged: its header can't be read") from None
    if position.key != key:
        raise UserError(f"{file.name} is of another configuration, other versions or another class of machine")
    return Checkpoint(position, parts[0], parts[1])
