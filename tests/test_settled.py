"""What was noted as whole is not read again, unless it has changed."""

import os
from pathlib import Path

import pytest

from mnist_sweep.files import write_json
from mnist_sweep.folders import StudyFolder, TrialFolder
from mnist_sweep.settled import Settled, note_settled


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
