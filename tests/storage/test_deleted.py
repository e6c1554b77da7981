"""The trials of a study that were deleted."""

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.execution.job_folder import next_folder
from mnist_sweep.files import write_json
from mnist_sweep.storage.deleted import deleted, deleted_numbers, note_deleted
from mnist_sweep.storage.folders import StudyFolder


def test_deleted_trials_are_noted_with_who_and_when(tmp_path) -> None:
    folder = StudyFolder(tmp_path)
    assert deleted(folder) == []
    note_deleted(folder, 7, "me@here")
    note_deleted(folder, 3, "you@there")
    assert [(one.trial, one.by) for one in deleted(folder)] == [(7, "me@here"), (3, "you@there")]
    assert deleted(folder)[0].at <= deleted(folder)[1].at
    assert deleted_numbers(folder) == {3, 7}
    assert next_folder(folder)[0] == 8


def test_a_damaged_file_is_told(tmp_path) -> None:
    folder = StudyFolder(tmp_path)
    write_json(folder.deleted, {"trials": [{"trial": "seven"}]})
    with pytest.raises(UserError, match=r"deleted\.json"):
        deleted(folder)
