"""The mean of several networks' predictions."""

from pathlib import Path

import numpy as np
import pytest

import mnist_sweep as ms
from mnist_sweep.config import UserError
from mnist_sweep.files import read_json, write_json
from mnist_sweep.results.ensemble import ensemble
from mnist_sweep.results.study import read_study
from mnist_sweep.storage.folders import StudyFolder


def test_the_mean_of_the_probabilities_is_judged_on_the_same_images(runs: Path) -> None:
    study = read_study(StudyFolder(runs / "dnn-digits"))
    found = ensemble(study, 3)
    assert [one.trial for one in found.members] == [trial.number for trial in study.ranked[:3]]
    total, labels, single = 0, None, []
    for trial in study.ranked[:3]:
        with np.load(trial.folder.predictions) as arrays:
            total = total + arrays["probabilities"].astype(float)
            labels = arrays["labels"]
            single.append(float((arrays["predicted"] == labels).mean()))
    assert found.accuracy == pytest.approx(float((total.argmax(axis=1) == labels).mean()))
    assert [one.accuracy for one in found.members] == pytest.approx(single)
    pair = found.against_best
    assert (pair.only_first - pair.only_second) / found.images == pytest.approx(found.accuracy - max(single))
    assert ms.open_study(runs / "dnn-digits").ensemble(3) == found


def test_it_takes_as_many_as_there_are(runs: Path) -> None:
    study = read_study(StudyFolder(runs / "dnn-digits"))
    assert ensemble(study, 5) == ensemble(study, len(study.ranked)) == ensemble(study, 4)


def test_too_few_trials_are_told(own_runs: Path) -> None:
    study = read_study(StudyFolder(own_runs / "dnn-digits"))
    with pytest.raises(UserError, match="top_k must be a whole number from 2, got 1"):
        ensemble(study, 1)
    for trial in study.ranked[1:]:
        state = read_json(trial.folder.state)
        write_json(trial.folder.state, {**state, "state": "PRUNED"})
    with pytest.raises(UserError, match=r"at least 2 trials that are complete and meet .*, study dnn-digits has 1"):
        ensemble(read_study(StudyFolder(own_runs / "dnn-digits")), 5)


def test_trials_without_predictions_are_told(own_runs: Path) -> None:
    study = read_study(StudyFolder(own_runs / "dnn-digits"))
    study.ranked[1].folder.predictions.unlink()
    with pytest.raises(UserError, match=r"has no predictions\.npz"):
        ensemble(study, 2)
