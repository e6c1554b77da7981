"""The book of the test images."""

from pathlib import Path

from mnist_sweep.files import read_json
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.test_set_log import open_for, openings


def test_each_set_of_finalists_is_one_opening_however_often_it_is_gone_on_with(tmp_path: Path) -> None:
    study = StudyFolder(tmp_path)
    assert openings(study) == []
    assert open_for(study, [3, 0], 5, "first") == 0
    assert open_for(study, [0, 3], 5, "again") == 0
    assert open_for(study, [3, 0], 6, "more seeds") == 1
    assert open_for(study, [4, 0], 5, "others") == 2
    assert open_for(study, [3, 0], 5, "the first once more") == 2
    assert read_json(study.test_set)["times_opened"] == 3
    assert [entry.command for entry in openings(study)] == ["first", "more seeds", "others"]
