"""history.csv: a row for each epoch of a trial, appended as the epoch ends."""

import contextlib
import csv
import math
from collections.abc import Mapping
from pathlib import Path

from mnist_sweep.config.metrics import CURVES
from mnist_sweep.files import read_bytes

HISTORY = ("epoch", *CURVES, "seconds", "timestamp")  # timestamp: seconds since 1970, at the end of the epoch


def begin_history(file: Path) -> None:
    """An empty history.csv."""
    with file.open("w", newline="") as out:
        csv.writer(out).writerow(HISTORY)


def append_history(file: Path, row: Mapping[str, float]) -> None:
    """Adds an epoch."""
    with file.open("a", newline="") as out:
        csv.writer(out).writerow([row[name] for name in HISTORY])


def read_history(file: Path) -> list[dict[str, float]]:
    """The rows of a history.csv up to the first that is damaged, such as a last line that was not written whole."""
    if not file.is_file():
        return []
    whole, _, _ = read_bytes(file).rpartition(b"\n")
    rows: list[dict[str, float]] = []
    reader = csv.reader(whole.decode(errors="replace").splitlines())
    with contextlib.suppress(ValueError, csv.Error, StopIteration):
        if tuple(next(reader)) != HISTORY:
            return []
        for line in reader:
            row = {name: float(value) for name, value in zip(HISTORY, line, strict=True)}
            if not all(map(math.isfinite, row.values())):
                break
            rows.append(row)
    return rows
