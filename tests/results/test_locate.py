"""Studies and trials are found by name and number, and what is not there is told with what is."""

import os
from pathlib import Path

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.files import write_json
from mnist_sweep.results.locate import find_study, find_trial, studies, study_of_run
from mnist_sweep.storage.folders import StudyFolder

SUMMARY = {"study": "a", "states": {}, "metric": ["val_accuracy"], "direction": ["maximize"]}


def make(runs: Path, name: str, *trials: int, **summary: object) -> StudyFolder:
    study = StudyFolder(runs / name)
    (study.path / "trials").mkdir(parents=True)
    for number in trials:
        study.trial(number).path.mkdir()
    if summary:
        write_json(study.summary, summary)
    return study


def test_studies_are_folders_with_trials_in_order(tmp_path: Path) -> None:
    for name in ("b", "a", ".fork-1"):
        make(tmp_path, name)
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "mlflow.db").touch()
    assert [study.name for study in studies(tmp_path)] == ["a", "b"]
    assert studies(tmp_path / "nowhere") == []


def test_without_a_name_it_is_the_search_that_was_worked_on_last(tmp_path: Path) -> None:
    for time, name in ((30, "b"), (10, "a"), (20, "c")):
        os.utime(make(tmp_path, name, best=None).summary, (time, time))
    make(tmp_path, "train", 0)  # single trials have no summary
    assert find_study(tmp_path, None).name == "b"
    assert find_study(tmp_path, "train").name == "train"


def test_a_study_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no study in"):
        find_study(tmp_path, None)
    make(tmp_path, "cnn-mnist")
    with pytest.raises(UserError, match=r"study=cnn-mnis is not in .*; did you mean cnn-mnist\?"):
        find_study(tmp_path, "cnn-mnis")


@pytest.mark.parametrize("name", ["../cnn-mnist", "artifacts", ""])
def test_a_name_is_checked_before_it_is_a_path(tmp_path: Path, name: str) -> None:
    make(tmp_path / "runs", "cnn-mnist")
    make(tmp_path, "cnn-mnist")
    with pytest.raises(UserError, match="study must"):
        find_study(tmp_path / "runs", name)


def test_without_a_number_it_is_the_best_trial(tmp_path: Path) -> None:
    best = {"trial": 1, "value": 0.5, "values": [0.5], "overrides": []}
    study = make(tmp_path, "a", 0, 1, 2, **SUMMARY, best=best)
    assert find_trial(study, None) == study.trial(1)
    assert find_trial(study, 2) == study.trial(2)


@pytest.mark.parametrize("summary", [{}, SUMMARY, {**SUMMARY, "best": {"trial": "1"}}, {"best": [1]}])
def test_without_a_best_trial_a_number_is_needed(tmp_path: Path, summary: dict[str, object]) -> None:
    study = make(tmp_path, "a", 0, 1, **summary)
    with pytest.raises(UserError, match="study a has no best trial: give one with trial=NUMBER"):
        find_trial(study, None)


@pytest.mark.parametrize(("trials", "there"), [((), "none"), ((0, 3, 12), "0000 to 0012")])
def test_a_trial_that_is_not_there_is_told(tmp_path: Path, trials: tuple[int, ...], there: str) -> None:
    with pytest.raises(UserError, match=f"trial=7 is not in study a, which has {there}"):
        find_trial(make(tmp_path, "a", *trials), 7)


def test_a_run_of_mlflow_is_of_the_study_whose_trial_or_confirmation_it_is(tmp_path: Path) -> None:
    make(tmp_path, "a", 0, 1)
    study = make(tmp_path, "b", 0)
    write_json(study.trial(0).tracking, {"run_id": "trial"})
    study.confirmation(0, 2).path.mkdir(parents=True)
    write_json(study.confirmation(0, 2).tracking, {"run_id": "confirmed"})
    for run_id in ("trial", "confirmed"):
        found = study_of_run(tmp_path, run_id)
        assert found is not None
        assert found.path == study.path
    assert study_of_run(tmp_path, "elsewhere") is None
