"""Where MLflow's UI opens."""

import os
from pathlib import Path

import pytest

from mnist_sweep.files import write_json
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.tracking.pages import latest_page, runs_page, study_page


def study(folder: Path, kind: str = "study", experiment: str | None = "3", seconds: int = 0) -> StudyFolder:
    made = StudyFolder(folder)
    folder.mkdir()
    write_json(made.record, {"tags": {"kind": kind, "study": "a b"}})
    write_json(made.tracking, {"experiment_id": experiment})
    os.utime(made.tracking, (seconds, seconds))
    return made


def test_a_study_has_its_table_of_trials_in_the_view_for_training(tmp_path: Path) -> None:
    expected = "#/experiments/3/runs?workflowType=machine_learning&viewStateShareKey=a%20b"
    assert study_page(study(tmp_path / "one")) == expected == runs_page("3", "a b")


@pytest.mark.parametrize(("kind", "experiment"), [("train", "3"), ("study", None)])
def test_what_is_no_study_of_mlflows_has_none(tmp_path: Path, kind: str, experiment: str | None) -> None:
    assert study_page(study(tmp_path / "one", kind, experiment)) is None


def test_it_starts_at_the_study_that_was_mirrored_last(tmp_path: Path) -> None:
    assert latest_page(tmp_path) == "#/experiments"
    for name, experiment, seconds in (("a", "1", 10), ("b", "2", 30), ("c", "3", 20)):
        study(tmp_path / name, experiment=experiment, seconds=seconds)
    study(tmp_path / "damaged", seconds=40).record.write_text("{")
    assert latest_page(tmp_path).startswith("#/experiments/2/runs?")
