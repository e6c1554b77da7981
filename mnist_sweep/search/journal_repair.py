"""Optuna's journal after a power cut: what was not written whole at its end is cut off and kept beside it."""

import json
import os
from pathlib import Path


def _is_whole(line: bytes) -> bool:
    try:
        return line.endswith(b"\n") and isinstance(json.loads(line), dict)
    except ValueError:
        return False


def mend(journal: Path) -> int:
    """Cuts damaged lines off the journal's end; gives how many bytes they had, 0 for a journal that is whole.

    Each operation is one line, written and flushed before the next, so that only the end can be torn. A damaged line
    in the middle is left alone: Optuna refuses it.
    """
    if not journal.is_file():
        return 0
    lines = journal.read_bytes().splitlines(keepends=True)
    whole = len(lines)
    while whole and not _is_whole(lines[whole - 1]):
        whole -= 1
    torn = b"".join(lines[whole:])
    if not torn or not whole:  # a journal without a single whole line is something else
        return 0
    with journal.with_name(f"{journal.name}.torn").open("ab") as out:
        out.write(torn + b"\n")
    with journal.open("r+b") as opened:
        opened.truncate(sum(map(len, lines[:whole])))
        os.fsync(opened.fileno())
    return len(torn)
