"""history.csv: one row for each epoch of a trial, appended as the epoch ends."""

import contextlib
import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from mnist_sweep.config.metrics import EPOCH, SECONDS, TIMESTAMP


def begin_history(file: Path, columns: Sequence[str]) -> None:
    """Writes a history without epochs, in place of an earlier one.

    Args:
        file: The history.csv of a trial.
        columns: Its columns: `epoch`, the curves, `seconds`, and `timestamp`: seconds since 1970, at an epoch's end.
    """
    with file.open("w", newline="") as out:
        csv.writer(out).writerow(columns)


def append_history(file: Path, row: Mapping[str, float], columns: Sequence[str]) -> None:
    """Appends an epoch.

    Args:
        file: The history.csv of a trial, begun before.
        row: A value for each column.
        columns: The columns that it was begun with.
    """
    with file.open("a", newline="") as out:
        csv.writer(out).writerow([row[name] for name in columns])


def read_history(file: Path) -> list[dict[str, float]]:
    """Returns the rows of a history up to the first that is damaged, such as a truncated last line.

    Args:
        file: The history.csv of a trial; one that does not exist or has other columns has no rows.
    """
    if not file.is_file():
        return []
    complete, _, _ = file.read_bytes().rpartition(b"\n")
    rows: list[dict[str, float]] = []
    reader = csv.reader(complete.decode(errors="replace").splitlines())
    with contextlib.suppress(ValueError, csv.Error, StopIteration):
        columns = next(reader)
        if columns[:1] != [EPOCH] or columns[-2:] != [SECONDS, TIMESTAMP] or len(columns) > len(set(columns)):
            return []
        for line in reader:
            row = {name: float(value) for name, value in zip(columns, line, strict=True)}
            if not all(map(math.isfinite, row.values())):
                break
            rows.append(row)
    return rows


def is_history(rows: Sequence[Mapping[str, float]]) -> bool:
    """Returns whether rows are those of a history: of the same columns, finite, and their epochs grow."""
    columns = [list(row) for row in rows]
    if not rows or any(one != columns[0] for one in columns) or not {EPOCH, SECONDS, TIMESTAMP} <= set(columns[0]):
        return False
    epochs = [row[EPOCH] for row in rows]
    return epochs == sorted(set(epochs)) and all(math.isfinite(value) for row in rows for value in row.values())
