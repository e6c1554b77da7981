"""The tables of a confirmation."""

from dataclasses import replace

import numpy as np

from mnist_sweep.results.comparison import Runs, conclude
from mnist_sweep.results.confirmation_tables import DIFFERENCES, columns, differences, name_of, table
from mnist_sweep.results.confirmation_text import sentences


def runs(accuracies: list[float], promised: float | None = 0.99, parameters: int = 100, right: int = 90) -> Runs:
    return Runs(
        promised, 10_000, 3, parameters, 12.0, accuracies, np.tile(np.arange(100) < right, (len(accuracies), 1))
    )


BASELINE = [0.970, 0.971, 0.972, 0.969, 0.968]
BETTER = [0.981, 0.980, 0.982, 0.979, 0.983]


def test_the_baseline_is_named_as_such() -> None:
    found = conclude({7: runs(BETTER), 0: runs(BASELINE)}, 0)
    assert [name_of(found, trial) for trial in (7, 0)] == ["trial 7", "trial 0 (the baseline)"]
    assert name_of(conclude({0: runs(BASELINE)}, None), 0) == "trial 0"


def test_every_difference_has_a_line_for_seeds_and_one_for_images_too() -> None:
    found = conclude({7: runs(BETTER, right=95), 0: runs(BASELINE)}, 0)
    beside = found.of(7).against_baseline
    first, second = differences(found)
    low, high = beside.difference.low, beside.difference.high
    assert first == ["7", "seeds", "+0.0110", f"{low:+.4f} to {high:+.4f}", "0.008", ">99%"]
    low, high = beside.other_images.low, beside.other_images.high
    assert second[:4] == ["", "seeds and images", "+0.0110", f"{low:+.4f} to {high:+.4f}"]
    text = " ".join(sentences(found))
    assert "only that of trial 7 gets 5 test images right, only that of the baseline 0 (McNemar" in text
    assert "Better than the baseline: trial 7, on other seeds and other images (p <= 0.05" in text


def test_a_row_has_the_figures_under_the_columns() -> None:
    found = conclude({7: runs(BETTER, 0.985, 1234, right=98), 0: runs(BASELINE, None)}, 0)
    first, second = table(found)
    assert dict(zip(columns(found), first, strict=True)) | {"95% interval": ""} == {
        "trial": "7*", "test accuracy": "0.9810 ±0.0016", "95% interval": "",
        "promised": "0.9850", "parameters": "1,234", "time": "12 s",
    }  # fmt: skip
    assert (second[0], second[3]) == ("0", "")


def test_an_interval_of_accuracies_stays_between_0_and_1() -> None:
    ((_, _, interval, *_),) = table(conclude({0: runs([1.0, 0.5])}, 0))
    assert interval == "0.0000 to 1.0000"


def test_the_tables_fit_into_80_columns() -> None:
    some = {number: replace(runs(BETTER, 0.9911, 3_156_098), seconds=1000) for number in (0, 1234, 5)}
    found = conclude(some, 0)
    for rows in ([columns(found), *table(found)], [DIFFERENCES, *differences(found)]):
        assert sum(max(len(row[column]) for row in rows) + 1 for column in range(len(rows[0]))) - 1 <= 80
