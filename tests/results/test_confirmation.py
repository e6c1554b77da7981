"""The figures of confirmed.json against hand-computed ones."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from mnist_sweep.results.confirmation import Runs, conclude, read_confirmation


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


def test_of_equally_cheap_ones_the_better_is_recommended() -> None:
    near = [value - 1e-5 for value in BETTER]
    assert conclude({3: runs(near), 7: runs(BETTER), 0: runs(BASELINE)}, 0).recommended == 7
    assert conclude({7: runs(BETTER[:2]), 0: runs(BASELINE[:2], parameters=1)}, 0).recommended == 7


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
