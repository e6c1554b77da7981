"""The figures of confirmed.json against hand-computed ones, and the words for them."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from mnist_sweep.results.confirmation import Runs, conclude, read_confirmation
from mnist_sweep.results.confirmation_text import COLUMNS, HEADING, markdown, sentences, table


def runs(accuracies: list[float], promised: float | None = 0.99, parameters: int = 100, right: int = 90) -> Runs:
    return Runs(promised, 10_000, 3, parameters, 12.0, accuracies, np.arange(100) < right)


BASELINE = [0.970, 0.971, 0.972, 0.969, 0.968]
BETTER = [0.981, 0.980, 0.982, 0.979, 0.983]


def test_the_figures_are_as_by_hand() -> None:
    found = conclude({7: runs(BETTER, 0.985, right=95), 0: runs(BASELINE, 0.975)}, 0)
    first, second = found.finalists
    assert (first.trial, second.trial) == (7, 0)
    assert first.test_accuracy.mean == pytest.approx(0.981)
    assert first.gap.mean == pytest.approx(0.004)
    variance = 0.985 * 0.015 / 10_000 + 0.981 * 0.019 / 100 + np.var(BETTER, ddof=1) * 6 / 5
    assert first.gap.half_interval == pytest.approx(1.96 * variance**0.5)
    assert second.gap.mean == pytest.approx(0.005)
    beside = first.against_baseline
    pairs = np.subtract(BETTER, BASELINE)
    assert beside.difference.mean == pytest.approx(pairs.mean())
    low, high = stats.t.interval(0.95, 4, pairs.mean(), stats.sem(pairs))
    assert (beside.difference.low, beside.difference.high) == pytest.approx((low, high))
    assert beside.p == pytest.approx(2 / 252)
    assert asdict(beside.mcnemar) == {"only_first": 5, "only_second": 0, "p": pytest.approx(2 * 0.5**5)}
    assert (found.better_than_baseline, found.tied, found.recommended) == ([7], [7], 7)


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


def test_of_equally_cheap_ones_the_better_is_recommended() -> None:
    near = [value - 1e-5 for value in BETTER]
    assert conclude({3: runs(near), 7: runs(BETTER), 0: runs(BASELINE)}, 0).recommended == 7
    assert conclude({7: runs(BETTER[:2]), 0: runs(BASELINE[:2], parameters=1)}, 0).recommended == 7


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


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "confirmed.json"
    found = conclude({7: runs(BETTER, 0.985), 0: runs(BASELINE, None)}, 0, "one", "mnist-sweep confirm one")
    found.write(file)
    assert read_confirmation(file) == found
    content = json.loads(file.read_text())
    assert list(content)[:4] == ["study", "confirmed", "command", "finalists"]
    assert content["finalists"][0]["test_accuracy"]["values"] == BETTER


@pytest.mark.parametrize(
    "damage",
    [
        {"finalists": []},
        {"recommended": 99},
        {"best": "the first"},
        {"finalists": [{"trial": 7}]},
        {"seeds": None},
    ],
)
def test_what_is_damaged_is_nothing(tmp_path: Path, damage: dict) -> None:
    file = tmp_path / "confirmed.json"
    conclude({7: runs(BETTER), 0: runs(BASELINE)}, 0).write(file)
    file.write_text(json.dumps(json.loads(file.read_text()) | damage))
    assert read_confirmation(file) is None
    assert read_confirmation(tmp_path / "nowhere.json") is None
