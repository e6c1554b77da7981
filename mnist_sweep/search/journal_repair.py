"""Optuna's journal after a power cut: what is truncated at its end is cut off and kept next to it."""

import json
import os
from pathlib import Path


def _is_intact(line: bytes) -> bool:
    try:
        return line.endswith(b"\n") and isinstance(json.loads(line), dict)
    except ValueError:
        return False


def repair(journal: Path) -> int:
    """Cuts damaged lines off the journal's end; returns how many bytes they had, 0 for an intact journal.

    Each operation is one line, written and flushed before the next, so that only the end can be truncated. A damaged
    line in the middle is left alone: Optuna refuses it.
    """
    if not journal.is_file():
        return 0
    lines = journal.read_bytes().splitlines(keepends=True)
    intact = len(lines)
    while intact and not _is_intact(lines[intact - 1]):
        intact -= 1
    truncated = b"".join(lines[intact:])
    if not truncated or not intact:  # a journal without a single intact line is something else
        return 0
    with journal.with_name(f"{journal.name}.truncated").open("ab") as out:
        out.write(truncated + b"\n")
    with journal.open("r+b") as opened:
        opened.truncate(sum(map(len, lines[:intact])))
        os.fsync(opened.fileno())
    return len(truncated)
