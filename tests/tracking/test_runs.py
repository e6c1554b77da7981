"""Which of MLflow's runs belongs to a folder, whatever became of it in between."""

from dataclasses import replace
from pathlib import Path

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.config.settings import TrackingConfig
from mnist_sweep.files import read_json, write_json
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.run_record import RunRecord
from mnist_sweep.tracking.runs import Runs, as_before, is_mirrored

RECORD = RunRecord("mine-0000", {"model.units": "[16]"}, [], {"trial": "0", "kind": "trial", "folder": "f"}, {}, 7.0)


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(TrackingConfig(True, None, "mine"), tmp_path, pytest.fail)


def test_a_record_has_one_run_however_often_it_begins(runs: Runs, tmp_path: Path) -> None:
    file = tmp_path / "mlflow.json"
    first = runs.begin(file, RECORD, None)
    assert runs.begin(file, RECORD, None) == first
    assert read_json(file)["run_id"] == first
    assert runs.has(file, None)
    found = runs.client.get_run(first)
    assert (found.data.params, found.info.status) == ({"fixed.model.units": "[16]"}, "RUNNING")
    write_json(file, {**read_json(file), "run_id": None})  # killed between the run's creation and its note
    assert runs.begin(file, RECORD, None) == first
    file.write_bytes(b"")  # it is found by its folder
    assert runs.begin(file, RECORD, None) == first


def test_another_attempt_replaces_the_run_and_a_deleted_one_is_restored(runs: Runs, tmp_path: Path) -> None:
    file = tmp_path / "mlflow.json"
    first = runs.begin(file, RECORD, None)
    second = runs.begin(file, replace(RECORD, started=8.0), None)
    assert second != first
    assert runs.client.get_run(first).info.lifecycle_stage == "deleted"
    runs.delete(file)
    assert not runs.has(file, None)
    assert runs.begin(file, replace(RECORD, started=8.0), None) == second
    assert runs.has(file, None)
    assert runs.made_anew == {second}


def test_a_run_lies_below_its_parent(runs: Runs, tmp_path: Path) -> None:
    parent = runs.begin(tmp_path / "parent.json", RECORD, None)
    runs.begin(tmp_path / "child.json", RECORD, parent)
    assert runs.has(tmp_path / "child.json", parent)
    assert not runs.has(tmp_path / "child.json", "another")


def test_the_tag_stop_is_taken_once(runs: Runs, tmp_path: Path) -> None:
    run = runs.begin(tmp_path / "mlflow.json", RECORD, None)
    runs.client.set_tag(run, "stop", "please")
    assert [runs.take_stop(run), runs.take_stop(run)] == [True, False]


def test_a_study_goes_on_in_its_own_store_unless_that_wants_a_password(tmp_path: Path) -> None:
    study = StudyFolder(tmp_path / "mine")
    study.path.mkdir()
    config = TrackingConfig(True, None, "mine")
    assert as_before(config, study) == config
    write_json(study.tracking, {"uri": "http://somewhere:5000"})
    assert as_before(config, study).uri == "http://somewhere:5000"
    assert as_before(replace(config, uri="http://other"), study).uri == "http://other"
    write_json(study.tracking, {"uri": "http://me:***@somewhere:5000"})
    with pytest.raises(UserError, match="whose password is stored nowhere"):
        as_before(config, study)


def test_a_trial_is_mirrored_in_the_state_that_it_has(tmp_path: Path) -> None:
    trial = StudyFolder(tmp_path / "mine").trial(0)
    trial.path.mkdir(parents=True)
    write_json(trial.tracking, {"mirrored": "COMPLETE"})
    assert not is_mirrored(trial)
    write_json(trial.state, {"state": "COMPLETE"})
    assert is_mirrored(trial)
    write_json(trial.state, {"state": "PRUNED"})
    assert not is_mirrored(trial)
