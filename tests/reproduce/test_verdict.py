"""What is said of a trial that was retrained."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mnist_sweep.config.kernels import VARIABLE, Kernels
from mnist_sweep.reproduce.verdict import cause, compare, default_tolerance, environment_differences, seed_tolerance
from mnist_sweep.results.comparison import Runs, conclude
from mnist_sweep.results.recorded import RecordedTrial, read_recorded
from mnist_sweep.storage.folders import StudyFolder, TrialFolder


@pytest.fixture
def recorded(runs: Path) -> RecordedTrial:
    return read_recorded(TrialFolder(runs / "dnn-digits/trials/0001"), "one", [])


@pytest.fixture
def folder(own_runs: Path) -> TrialFolder:
    """The same trial, as if it had been retrained."""
    return TrialFolder(own_runs / "dnn-digits/trials/0001")


def result(recorded: RecordedTrial, **changes: float) -> dict:
    return {"metrics": {**recorded.metrics, **changes}, "weights_digest": recorded.environment.weights_digest}


def test_everything_the_same_is_exact_whatever_the_time(recorded: RecordedTrial, folder: TrialFolder) -> None:
    verdict = compare(recorded, result(recorded, training_seconds=1e9), folder, 0.0)
    assert verdict.verdict == "EXACT"
    assert "weights, curve, metrics and predictions" in verdict.why


def test_one_bit_of_anything_is_not_exact(recorded: RecordedTrial, folder: TrialFolder) -> None:
    other = {**result(recorded), "weights_digest": "0" * 64}
    assert compare(recorded, other, folder, 0.01).verdict == "WITHIN TOLERANCE"
    assert compare(recorded, result(recorded, val_loss=0.5), folder, 0.01).verdict == "WITHIN TOLERANCE"
    accuracy = recorded.metrics["val_accuracy"] - 0.02
    assert compare(recorded, result(recorded, val_accuracy=accuracy), folder, 0.01).verdict == "DIFFERENT"
    with np.load(folder.predictions) as arrays:
        changed = {name: arrays[name].copy() for name in arrays}
    changed["probabilities"][0, 0] = np.nextafter(changed["probabilities"][0, 0], np.float32(1))
    np.savez(folder.predictions, **changed)
    verdict = compare(recorded, result(recorded), folder, 0.01)
    assert verdict.verdict == "WITHIN TOLERANCE"
    assert "0 of 360 predictions" in verdict.why


def test_another_curve_or_fewer_epochs_are_seen(recorded: RecordedTrial, folder: TrialFolder) -> None:
    lines = folder.history.read_text().splitlines()
    folder.history.write_text("\n".join(lines[:-1]) + "\n")
    assert compare(recorded, result(recorded), folder, 1.0).verdict == "DIFFERENT"


def test_the_default_tolerance_is_two_standard_errors() -> None:
    assert default_tolerance(0.99, 10_000) == pytest.approx(2 * math.sqrt(2 * 0.99 * 0.01 / 10_000))
    assert default_tolerance(1.0, 100) > 0


def test_the_seeds_tolerance_is_of_what_confirm_has_measured(tmp_path: Path) -> None:
    study = StudyFolder(tmp_path)
    assert seed_tolerance(study, "val_accuracy") is None
    accuracies = ([0.97, 0.98, 0.99], [0.95, 0.96, 0.99])
    right = np.tile(np.arange(9) < 8, (3, 1))
    finalists = {n: Runs(0.9, 100, 3, 10, 1.0, list(own), right) for n, own in enumerate(accuracies)}
    conclude(finalists, 0).write(study.confirmed)
    variance = np.mean([np.var(own, ddof=1) for own in accuracies])
    assert seed_tolerance(study, "val_accuracy") == pytest.approx(2 * math.sqrt(2 * variance))
    assert seed_tolerance(study, "f1") is None  # confirm has measured another metric
    study.confirmed.write_text('{"finalists": [{"trial": 1}]}')
    assert seed_tolerance(study, "val_accuracy") is None


def test_the_likeliest_cause_comes_first(recorded: RecordedTrial) -> None:
    assert environment_differences(recorded) == []
    versions = {**recorded.environment.versions, "tensorflow": "1.0", "mlflow": "0.1"}
    other = replace(recorded, environment=replace(recorded.environment, versions=versions, commit="abc"))
    changed = environment_differences(other)
    assert [line.partition(":")[0] for line in changed] == ["versions.tensorflow", "commit", "versions.mlflow"]
    assert "another TensorFlow" in cause(changed)
    assert "nothing that should change a result" in cause(changed[2:])
    assert "nothing in the recorded environment" in cause([])


def test_a_module_of_ones_own_that_has_changed_is_the_likeliest_cause(recorded: RecordedTrial) -> None:
    sources = {"mine": "0" * 64}
    other = replace(recorded, environment=replace(recorded.environment, sources=sources, commit="abc"))
    changed = environment_differences(other)
    assert [line.partition(":")[0] for line in changed] == ["sources.mine", "commit"]
    assert "a module of your own has changed" in cause(changed)
    before = replace(recorded, environment=replace(recorded.environment, sources=None))
    assert environment_differences(before) == []  # of a trial of before they were recorded


def test_other_kernels_are_told_where_the_variable_wants_them(
    recorded: RecordedTrial, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = replace(recorded, environment=replace(recorded.environment, kernels=Kernels.EIGEN))
    monkeypatch.delenv(VARIABLE, raising=False)
    assert environment_differences(own) == []  # they are those that it is retrained with
    monkeypatch.setenv(VARIABLE, "1")
    changed = environment_differences(own)
    assert changed == ["kernels: Eigen -> oneDNN"]
    assert "other kernels of TensorFlow (TF_ENABLE_ONEDNN_OPTS)" in cause(changed)
