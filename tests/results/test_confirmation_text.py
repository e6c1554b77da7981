"""A confirmation in words."""

from dataclasses import replace

import numpy as np
import pytest

from mnist_sweep.results.confirmation import Runs, conclude
from mnist_sweep.results.confirmation_text import COLUMNS, HEADING, markdown, sentences, table


def runs(accuracies: list[float], promised: float | None = 0.99, parameters: int = 100, right: int = 90) -> Runs:
    return Runs(promised, 10_000, 3, parameters, 12.0, accuracies, np.arange(100) < right)


BASELINE = [0.970, 0.971, 0.972, 0.969, 0.968]
BETTER = [0.981, 0.980, 0.982, 0.979, 0.983]


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
    rows = [list(COLUMNS), *table(found)]
    assert sum(max(len(row[column]) for row in rows) + 1 for column in range(len(COLUMNS))) - 1 <= 80
