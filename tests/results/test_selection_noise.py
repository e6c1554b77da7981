"""The noise of a choice: in simulated searches whose truth is known, and of a real small study."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mnist_sweep.config.image_classifier import METRICS
from mnist_sweep.results.selection_noise import SelectionNoise, expected_curse, selection_noise, sentence
from mnist_sweep.results.statistics import holm, mcnemar
from mnist_sweep.results.study import read_study
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.tasks.image_classifier.evaluation import read_predictions


@pytest.mark.parametrize("spread", [0.0, 0.01])
def test_the_best_looks_as_much_too_good_as_expected(spread: float) -> None:
    rng = np.random.default_rng(0)
    expected, found = [], []
    for _ in range(100):
        accuracies = 0.95 + spread * rng.standard_normal(10)
        right = rng.random((10, 1000)) < accuracies[:, np.newaxis]
        chosen = right.mean(axis=1).argmax()
        found.append(right[chosen].mean() - accuracies[chosen])
        expected.append(expected_curse(right))
    assert np.mean(expected) == pytest.approx(np.mean(found), rel=0.35)
    assert np.mean(expected) > 0.001


def test_equal_networks_have_no_noise_to_choose_by() -> None:
    assert expected_curse(np.tile(np.arange(100) < 90, (5, 1))) == 0.0


def test_trials_are_compared_with_the_best_image_by_image(own_runs: Path) -> None:
    study = read_study(StudyFolder(own_runs / "dnn-digits"))
    found = selection_noise(study)
    assert found is not None
    best = read_predictions(study.best.folder.predictions).right
    others = study.ranked[1:]
    p_values = holm([mcnemar(best, read_predictions(trial.folder.predictions).right).p for trial in others])
    assert found.alike == tuple(one.number for one, p in zip(others, p_values, strict=True) if p > 0.05)
    assert found.trials == len(study.ranked)
    assert found.by_best_epoch == study.metric.startswith("best_")
    study.best.folder.predictions.unlink()
    assert selection_noise(study) is None


def test_it_is_said_in_words() -> None:
    text = sentence(SelectionNoise((3, 1), 0.00123, 20))
    assert text.startswith("≈ can't be told from the best on these validation images: trials 3, 1 (McNemar")
    assert text.endswith("As the best of 20 it is expected to look 0.0012 better than it is.")
    text = sentence(SelectionNoise((3, 1), 0.00123, 20, by_best_epoch=True))
    assert text.endswith("0.0012 better than it is; that its best epoch was chosen by them too is not counted.")
    assert sentence(SelectionNoise((), 0.0, 2)).startswith("All other trials can be told from the best")
    assert sentence(SelectionNoise((), 0.0, 80)).startswith(
        "All others of the best 50 trials can be told from the best"
    )


def test_what_was_not_chosen_by_single_networks_accuracy_on_these_images_is_not_judged_so(own_runs: Path) -> None:
    study = read_study(StudyFolder(own_runs / "dnn-digits"))
    assert selection_noise(replace(study, objectives=[METRICS.objective("val_loss", "minimize")])) is None
    on_seeds = [replace(trial, seeds={study.metric: [0.9, 0.8]}) for trial in study.trials]
    assert selection_noise(replace(study, trials=on_seeds)) is None
