"""The figures of confirmed.json against hand-computed ones."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from mnist_sweep.results.confirmation import Measure, Runs, conclude, read_confirmation
from mnist_sweep.results.confirmation_text import differences, sentences


def runs(accuracies: list[float], promised: float | None = 0.99, parameters: int = 100, right: int = 90) -> Runs:
    return Runs(
        promised, 10_000, 3, parameters, 12.0, accuracies, np.tile(np.arange(100) < right, (len(accuracies), 1))
    )


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
    assert beside.difference.mean == pytest.approx(np.mean(BETTER) - np.mean(BASELINE))
    low, high = stats.ttest_ind(BETTER, BASELINE, equal_var=False).confidence_interval()
    assert (beside.difference.low, beside.difference.high) == pytest.approx((low, high))
    assert beside.p == pytest.approx(2 / 252)
    assert beside.wins > 0.99
    # All runs of one are right on the same images here: five of a hundred are what the two differ by.
    low, high = stats.t.interval(0.95, 99, 0.05, (0.05 * 0.95 / 99) ** 0.5)
    assert (beside.other_images.low, beside.other_images.high) == pytest.approx((low, high))
    assert beside.other_images.p == pytest.approx(2 * stats.t.sf(0.05 / (0.05 * 0.95 / 99) ** 0.5, 99))
    assert first.against_best is None
    assert second.against_best.difference.mean == pytest.approx(-beside.difference.mean)
    assert asdict(beside.mcnemar) == {"only_first": 5, "only_second": 0, "p": pytest.approx(2 * 0.5**5)}
    assert (found.better_than_baseline, found.tied, found.recommended) == ([7], [7], 7)


def test_of_equally_cheap_ones_the_better_is_recommended() -> None:
    near = [value - 1e-5 for value in BETTER]
    assert conclude({3: runs(near), 7: runs(BETTER), 0: runs(BASELINE)}, 0).recommended == 7
    assert conclude({7: runs(BETTER[:2]), 0: runs(BASELINE[:2], parameters=1)}, 0).recommended == 7


def test_what_holds_on_these_images_alone_is_better_on_these_images_alone() -> None:
    found = conclude({7: runs(BETTER, right=91), 0: runs(BASELINE)}, 0)
    assert (found.better_than_baseline, found.better_on_these_images) == ([], [7])
    assert (found.tied, found.recommended) == ([0, 7], 7)  # equally cheap
    cheaper = conclude({7: runs(BETTER, right=91), 0: runs(BASELINE, parameters=1)}, 0)
    assert cheaper.recommended == 0


def test_without_a_test_set_seeds_are_all_that_counts() -> None:
    found = conclude(
        {7: replace(runs(BASELINE), right=None), 0: replace(runs(BETTER), right=None)}, 0, measure=Measure("loss", -1)
    )
    beside = found.of(7).against_baseline
    assert (beside.other_images, beside.mcnemar, found.test_images) == (None, None, 0)
    assert found.better_than_baseline == [7]
    assert beside.difference.mean < 0
    assert beside.wins > 0.99


OLD = {
    "study": "one", "confirmed": "2026-11-01 10:00:00", "command": "mnist-sweep confirm one", "baseline": 0, "best": 7,
    "better_than_baseline": [7], "tied": [7], "recommended": 7, "seeds": 2, "test_images": 100,
    "finalists": [
        {"trial": trial, "promised": 0.99, "gap": {"mean": 0.0, "half_interval": 0.01}, "epochs": 2, "parameters": 10,
         "training_seconds": 3.0, "p_best": p, "against_baseline": against,
         "test_accuracy": {"mean": 0.98, "deviation": 0.01, "low": 0.9, "high": 1.0, "values": [0.97, 0.99]}}
        for trial, p, against in (
            (7, None, {"p": 0.01, "difference": {"mean": 0.01, "deviation": 0.0, "low": 0.005, "high": 0.015},
                       "mcnemar": {"only_first": 3, "only_second": 1, "p": 0.6}}),
            (0, 0.01, None))
    ],
}  # fmt: skip


def test_a_file_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    file = tmp_path / "confirmed.json"
    file.write_text(json.dumps(OLD))
    found = read_confirmation(file)
    assert found.better_than_baseline == [7]
    assert found.of(7).against_baseline.other_images is None
    text = " ".join(sentences(found))
    assert "Better than the baseline on these images: trial 7" in text
    assert "Whether on other images too is not known yet" in text
    assert differences(found) == [["7", "seeds", "+0.0100", "+0.0050 to +0.0150", "0.010", ""]]


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
