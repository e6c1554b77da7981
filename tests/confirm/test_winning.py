"""Which network of a study is its winner."""

from dataclasses import replace
from pathlib import Path

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.confirm.winning import winner_of
from mnist_sweep.results.study import read_study
from mnist_sweep.storage.folders import StudyFolder


def test_without_confirm_it_is_the_best_trial(own_runs: Path) -> None:
    study = read_study(StudyFolder(own_runs / "dnn-digits"))
    assert study.best is not None
    found = winner_of(study)
    assert found.model == study.best.folder.model
    assert found.text == f"trial {study.best.number}, the best one, not confirmed"
    found.model.unlink()
    with pytest.raises(UserError, match=r"has no model\.keras: only the image classifier keeps networks"):
        winner_of(study)
    with pytest.raises(UserError, match="has no complete trial"):
        winner_of(replace(study, trials=[]))


def test_a_study_whose_trials_are_all_infeasible_is_told(own_runs: Path) -> None:
    study = read_study(StudyFolder(own_runs / "dnn-digits"))
    infeasible = [replace(trial, infeasible=["parameters=99, not parameters<=1"]) for trial in study.trials]
    with pytest.raises(UserError, match=r"none of its \d+ complete ones meets search\.constraints"):
        winner_of(replace(study, trials=infeasible))
