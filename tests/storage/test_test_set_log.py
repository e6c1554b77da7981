"""The log of the test images."""

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from mnist_sweep.files import read_json, write_json
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.test_set_log import Purpose, open_for, openings


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


def _open(folder: Path, trial: int) -> None:
    open_for(StudyFolder(folder), [trial], 1, "train data.validation=test", Purpose.TRAIN)


def test_of_several_processes_at_once_each_is_logged(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as processes:
        list(processes.map(partial(_open, tmp_path / "train"), range(40)))
    assert sorted(entry.trials[0] for entry in openings(StudyFolder(tmp_path / "train"))) == list(range(40))


def test_what_is_replayed_is_logged_but_not_counted(tmp_path: Path) -> None:
    study = StudyFolder(tmp_path)
    assert open_for(study, [0], 1, "train experiment=seed_dnn", Purpose.REPLAY) == 0
    assert open_for(study, [1], 1, "train data.validation=test", Purpose.TRAIN) == 0
    assert open_for(study, [2], 1, "train data.validation=test", Purpose.TRAIN) == 1
    assert read_json(study.test_set)["times_opened"] == 2
    assert [entry.purpose for entry in openings(study)] == [Purpose.REPLAY, Purpose.TRAIN, Purpose.TRAIN]


def test_the_same_reproduction_is_one_access(tmp_path: Path) -> None:
    study = StudyFolder(tmp_path)
    for command in ("reproduce run=a", "reproduce run=a", "reproduce run=b"):
        open_for(study, [], 1, command, Purpose.REPRODUCE)
    assert read_json(study.test_set)["times_opened"] == 2


def test_a_log_of_an_earlier_version_is_of_confirm(tmp_path: Path) -> None:
    study = StudyFolder(tmp_path)
    write_json(study.test_set, {"openings": [{"opened": "then", "trials": [1], "seeds": 5, "command": "confirm"}]})
    assert openings(study)[0].purpose is Purpose.CONFIRM
    assert open_for(study, [1], 5, "confirm") == 0
