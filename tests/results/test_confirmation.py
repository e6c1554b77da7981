"""confirmed.json written and read."""

import json
from pathlib import Path

import numpy as np
import pytest

from mnist_sweep.results.comparison import Runs, conclude
from mnist_sweep.results.confirmation import read_confirmation
from mnist_sweep.results.confirmation_tables import differences
from mnist_sweep.results.confirmation_text import sentences


def runs(accuracies: list[float], promised: float | None = 0.99, parameters: int = 100, right: int = 90) -> Runs:
    return Runs(
        promised, 10_000, 3, parameters, 12.0, accuracies, np.tile(np.arange(100) < right, (len(accuracies), 1))
    )


BASELINE = [0.970, 0.971, 0.972, 0.969, 0.968]
BETTER = [0.981, 0.980, 0.982, 0.979, 0.983]


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
