"""history.csv: one row for each epoch of a trial, appended as the epoch ends."""

import contextlib
import csv
import math
from collections.abc import Mapping
from pathlib import Path

from mnist_sweep.config.metrics import CURVES
from mnist_sweep.files import read_bytes

HISTORY = ("epoch", *CURVES, "seconds", "timestamp")  # timestamp: seconds since 1970, at the end of the epoch


def begin_history(file: Path) -> None:
    """Writes a history without epochs, in place of an earlier one."""
    with file.open("w", newline="") as out:
        csv.writer(out).writerow(HISTORY)


def append_history(file: Path, row: Mapping[str, float]) -> None:
    """Appends an epoch.

    Args:
        file: The history.csv of a trial, begun before.
        row: A value for each name in HISTORY: the epoch from 1, the curves, its duration in seconds, its time.
    """
    with file.open("a", newline="") as out:
        csv.writer(out).writerow([row[name] for name in HISTORY])


def read_history(file: Path) -> list[dict[str, float]]:
    """Returns the rows of a history up to the first that is damaged, such as a truncated last line.

    Args:
        file: The history.csv of a trial; one that does not exist or has other columns has no rows.
    """
    if not file.is_file():
        return []
    complete, _, _ = read_bytes(file).rpartition(b"\n")
    rows: list[dict[str, float]] = []
    reader = csv.reader(complete.decode(errors="replace").splitlines())
    with contextlib.suppress(ValueError, csv.Error, StopIteration):
        if tuple(next(reader)) != HISTORY:
            return []
        for line in reader:
            row = {name: float(value) for name, value in zip(HISTORY, line, strict=True)}
            if not all(map(math.isfinite, row.values())):
                break
            rows.append(row)
    return rows
