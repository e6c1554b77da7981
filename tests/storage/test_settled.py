"""What was noted as whole is not read again, unless it has changed."""

import os
from pathlib import Path

import pytest

from mnist_sweep.cli.main import run
from mnist_sweep.files import read_json, write_json
from mnist_sweep.storage.folders import StudyFolder, TrialFolder
from mnist_sweep.storage.settled import Settled, note_settled

pytestmark = pytest.mark.usefixtures("no_report")


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    """Two trials, written an hour ago."""
    study = StudyFolder(tmp_path)
    for number in (0, 1):
        folder = study.trial(number)
        folder.path.mkdir(parents=True)
        for file in (folder.state, folder.tracking):
            write_json(file, {"state": "COMPLETE"})
            age(file, -3600)
    return study


def age(file: Path, seconds: float) -> None:
    """Lets a file be younger by some seconds."""
    then = file.stat().st_mtime + seconds
    os.utime(file, (then, then))


def has(study: StudyFolder, tracked: bool = True) -> list[bool]:
    settled = Settled(study, tracked)
    return [settled.has(folder) for folder in study.trials()]


def test_nothing_is_settled_before_it_is_noted(study: StudyFolder) -> None:
    assert has(study) == [False, False]
    study.settled.touch()  # of a driver that was killed
    assert has(study, tracked=False) == [False, False]
    note_settled(study, tracked=True)
    assert has(study) == [True, True]


@pytest.mark.parametrize("file", ["state", "tracking"])
def test_a_file_that_changed_is_looked_at_again(study: StudyFolder, file: str) -> None:
    note_settled(study, tracked=True)
    changed: Path = getattr(study.trial(1), file)
    age(changed, 7200)
    assert has(study) == [True, False]
    changed.write_text("")
    age(changed, -7200)
    assert has(study) == [True, False]
    changed.unlink()
    assert has(study) == [True, False]


def test_a_copy_with_new_times_is_looked_at(study: StudyFolder) -> None:
    note_settled(study, tracked=True)
    assert has(study) == [True, True]
    age(study.settled, 60)  # as the times of a copy, which may have been made in any order
    assert has(study) == [False, False]


def test_a_study_that_was_not_tracked_is_looked_at_when_it_is(study: StudyFolder) -> None:
    note_settled(study, tracked=False)
    assert has(study, tracked=False) == [True, True]
    assert has(study, tracked=True) == [False, False]
    note_settled(study, tracked=True)
    study.trial(0).tracking.unlink()
    assert has(study, tracked=False) == [True, True]


def test_a_trial_that_is_new_is_not_settled(study: StudyFolder) -> None:
    note_settled(study, tracked=True)
    assert not Settled(study, tracked=True).has(TrialFolder(study.path / "trials" / "0002"))


def test_what_is_lost_from_a_finished_study_is_written_again(tmp_path: Path) -> None:
    command = ["sweep", f"runs_folder={tmp_path}", "study.name=mine", "data=digits", "model=dnn",
               "task=dry", "tracking.enabled=false", "search.n_trials=3", "train.epochs=1"]  # fmt: skip
    assert run(command) == 0
    study = StudyFolder(tmp_path / "mine")
    assert has(study, tracked=False) == [True, True, True]
    before = read_json(study.trial(1).state)["values"]
    study.trial(1).state.unlink()
    assert run(command) == 0
    assert read_json(study.trial(1).state)["values"] == before
    assert has(study, tracked=False) == [True, True, True]
