"""The words for a confirmation: who is better, who is recommended, and what was promised."""

from dataclasses import replace

import numpy as np
import pytest

from mnist_sweep.results.confirmation import Runs, conclude
from mnist_sweep.results.confirmation_text import HEADING, columns, markdown, name_of, sentences, table


def runs(accuracies: list[float], promised: float | None = 0.99, parameters: int = 100, right: int = 90) -> Runs:
    return Runs(promised, 10_000, 3, parameters, 12.0, accuracies, np.arange(100) < right)


BASELINE = [0.970, 0.971, 0.972, 0.969, 0.968]
BETTER = [0.981, 0.980, 0.982, 0.979, 0.983]


def test_the_baseline_is_named_as_such() -> None:
    found = conclude({7: runs(BETTER), 0: runs(BASELINE)}, 0)
    assert [name_of(found, trial) for trial in (7, 0)] == ["trial 7", "trial 0 (the baseline)"]
    assert name_of(conclude({0: runs(BASELINE)}, None), 0) == "trial 0"


def test_the_best_is_compared_seed_by_seed_and_image_by_image() -> None:
    found = conclude({7: runs(BETTER, right=95), 0: runs(BASELINE)}, 0)
    text = " ".join(sentences(found))
    low, high = (found.of(7).against_baseline.difference.low, found.of(7).against_baseline.difference.high)
    assert f"Trial 7 against the baseline, seed by seed: +0.0110, 95% interval {low:+.4f} to {high:+.4f}." in text
    assert "only trial 7 gets 5 test images right, only the baseline 0 (McNemar" in text


def test_a_row_has_the_figures_under_the_columns() -> None:
    found = conclude({7: runs(BETTER, 0.985, 1234), 0: runs(BASELINE, None)}, 0)
    first, second = table(found)
    assert dict(zip(columns(found), first, strict=True)) | {"95% interval": ""} == {
        "trial": "7*", "test accuracy": "0.9810 ±0.0016", "95% interval": "", "gain": "+0.0110", "p": "0.008",
        "promised": "0.9850", "parameters": "1,234", "time": "12 s",
    }  # fmt: skip
    assert (second[0], second[3:6]) == ("0", ["base", "", ""])


def test_an_interval_of_accuracies_stays_between_0_and_1() -> None:
    ((_, _, interval, *_),) = table(conclude({0: runs([1.0, 0.5])}, 0))
    assert interval == "0.0000 to 1.0000"


def test_a_markdown_table_has_no_emphasis() -> None:
    text = markdown(conclude({7: runs(BETTER), 0: runs(BASELINE)}, 0))
    assert "| 7\\* | " in text
    assert "5 fresh seeds each, trained on all training images; 100 test images." in text


def test_the_cheapest_of_those_that_tie_is_recommended_and_said_so() -> None:
    found = conclude({7: runs(BETTER, parameters=900), 3: runs([a - 1e-4 for a in BETTER], parameters=50),
                      0: runs(BASELINE, parameters=10)}, 0)  # fmt: skip
    text = " ".join(sentences(found))
    assert found.recommended == 3
    assert "Better than the baseline: trial 3 and trial 7" in text.replace("trial 7 and trial 3", "trial 3 and trial 7")
    assert "Trial 3 and trial 7 can't be told apart. Recommended: trial 3" in text
    assert [row[0] for row in table(found)] == ["7", "3*", "0"]


def test_no_winner_is_called_where_there_is_none() -> None:
    found = conclude({7: runs(BASELINE, 0.99, parameters=900), 0: runs(list(reversed(BASELINE)), 0.971)}, 0)
    text = " ".join(sentences(found))
    assert found.better_than_baseline == []
    assert found.recommended == 0
    assert "No finalist is better than the baseline beyond the noise" in text
    assert "trial 7 0.9900 on validation images, 0.9700 on test images (-0.0200 ±" in text
    assert "within the noise" in text


def test_the_winners_curse_is_called_where_it_is_beyond_noise() -> None:
    unlucky = Runs(0.9999, 10**9, 3, 10, 1.0, BASELINE, np.arange(10**6) < 970_000)
    honest = Runs(0.975, 10**9, 3, 10, 1.0, BASELINE, np.arange(10**6) < 970_000)
    assert "the winner's curse" in " ".join(sentences(conclude({7: unlucky, 0: honest}, 0)))
    assert "within the noise" in " ".join(sentences(conclude({7: honest, 0: honest}, 0)))


def test_too_few_seeds_are_told() -> None:
    found = conclude({7: runs(BETTER[:2]), 0: runs(BASELINE[:2])}, 0)
    assert "With 2 seeds no difference could be: p is at least 0.33" in " ".join(sentences(found))


@pytest.mark.parametrize("baseline", [0, None])
def test_a_single_finalist_has_something_to_say(baseline: int | None) -> None:
    found = conclude({0: runs(BASELINE, None)}, baseline)
    assert found.recommended == 0
    assert all(sentences(found))
    assert HEADING in markdown(found)


def test_the_table_fits_into_80_columns() -> None:
    some = {number: replace(runs(BETTER, 0.9911, 3_156_098), seconds=1000) for number in (0, 1234, 5)}
    found = conclude(some, 0)
    rows = [columns(found), *table(found)]
    assert sum(max(len(row[column]) for row in rows) + 1 for column in range(len(columns(found)))) - 1 <= 80
