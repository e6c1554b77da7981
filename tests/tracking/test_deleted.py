"""What a person has deleted in MLflow's page is there again where a study needs it."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mnist_sweep.cli.main import run
from mnist_sweep.config.image_classifier import CURVES
from mnist_sweep.config.settings import TrackingConfig
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.history import append_history, begin_history
from mnist_sweep.storage.run_record import RunRecord
from mnist_sweep.storage.state import StateFile, TrialState, write_state
from mnist_sweep.tracking import Tracker

COLUMNS = ("epoch", *CURVES, "seconds", "timestamp")

pytestmark = pytest.mark.usefixtures("no_report")

DRY = ["data=digits", "model=dnn", "model.units=[16]", "train.epochs=3", "model.dropout=interval(0.0,0.5)",
       "task=dry"]  # fmt: skip


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    assert run(["sweep", f"runs_folder={tmp_path}", *DRY, "search.n_trials=3"]) == 0
    return StudyFolder(tmp_path / "dnn-digits")


@pytest.fixture
def client(study: StudyFolder):
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=f"sqlite:///{study.path.parent / 'mlflow.db'}")


def active(client) -> list:
    return client.search_runs([client.get_experiment_by_name("mnist_sweep").experiment_id], max_results=100)


def parent_of(runs: list):
    (parent,) = [one for one in runs if one.data.tags["kind"] == "study"]
    return parent


def check_complete(client, trials: int) -> None:
    """One parent, and below it every trial once, each with its curve once."""
    runs = active(client)
    parent = parent_of(runs)
    children = [one for one in runs if one.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert sorted(int(one.data.tags["trial"]) for one in children) == list(range(trials))
    assert len(runs) == 1 + trials
    assert {one.info.status for one in runs} <= {"FINISHED", "KILLED"}
    for child in children:
        steps = [metric.step for metric in client.get_metric_history(child.info.run_id, "val_accuracy")]
        assert steps == list(range(1, len(steps) + 1))


def remove_for_good(study: StudyFolder, client, run_id: str) -> None:
    client.delete_run(run_id)
    uri = f"sqlite:///{study.path.parent / 'mlflow.db'}"
    command = [sys.executable, "-m", "mlflow", "gc", "--backend-store-uri", uri, "--run-ids", run_id]
    subprocess.run(command, env={**os.environ, "MLFLOW_TRACKING_URI": uri}, capture_output=True, check=True)


@pytest.mark.parametrize("for_good", [False, True])
@pytest.mark.parametrize("command", ["sweep", "sync"])
def test_a_study_gets_its_run_back_with_all_trials_below_it(study, client, capsys, command, for_good) -> None:
    parent = parent_of(active(client)).info.run_id
    remove_for_good(study, client, parent) if for_good else client.delete_run(parent)
    capsys.readouterr()
    where = f"runs_folder={study.path.parent}"
    assert run([command, where, *([*DRY, "search.n_trials=5"] if command == "sweep" else [])]) == 0
    out = capsys.readouterr()
    check_complete(client, 5 if command == "sweep" else 3)
    assert (out.out + out.err).count("The run of study dnn-digits was deleted") == 1
    assert (parent_of(active(client)).info.run_id == parent) is not for_good


def test_deleted_trials_are_brought_up_by_sync(study, client, capsys) -> None:
    gone = [one.info.run_id for one in active(client) if one.data.tags.get("trial") in ("1", "2")]
    for run_id in gone:
        client.delete_run(run_id)
    capsys.readouterr()
    assert run(["sync", f"runs_folder={study.path.parent}"]) == 0
    assert "2 trials brought up" in capsys.readouterr().out
    check_complete(client, 3)
    assert run(["sync", f"runs_folder={study.path.parent}"]) == 0
    assert "nothing was behind" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["sweep", "sync"])
def test_a_deleted_experiment_is_restored_with_its_runs(study, client, capsys, command) -> None:
    client.delete_experiment(client.get_experiment_by_name("mnist_sweep").experiment_id)
    capsys.readouterr()
    where = f"runs_folder={study.path.parent}"
    assert run([command, where, *([*DRY, "search.n_trials=4"] if command == "sweep" else [])]) == 0
    out = capsys.readouterr()
    assert (out.out + out.err).count("Experiment mnist_sweep was deleted") == 1
    check_complete(client, 4 if command == "sweep" else 3)


def test_runs_that_are_deleted_while_their_trial_is_running(study, client) -> None:
    said: list[str] = []
    tracker = Tracker(TrackingConfig(True, None, "mnist_sweep"), study.path.parent, said.append)
    folder = study.trial(3)
    folder.path.mkdir(parents=True)
    tags = {"trial": "3", "kind": "trial", "study": study.name, "folder": str(folder.path)}
    RunRecord("mine-0003", {}, [], tags, {}, 1.0).write(folder.record)
    begin_history(folder.history, COLUMNS)
    tracker.start_study(study)
    tracker.start_trial(folder)
    row = {"epoch": 1, "loss": 1.0, "accuracy": 0.5, "val_loss": 1.0, "val_accuracy": 0.5, "seconds": 1.0}
    append_history(folder.history, row | {"timestamp": 4e9}, COLUMNS)
    tracker.epoch(folder, row | {"timestamp": 4e9})
    waited = threading.Event()
    while not folder.tracking.exists() or len(active(client)) < 5:
        assert not waited.wait(0.05)
    for one in active(client):
        if one.data.tags["kind"] == "study" or one.data.tags.get("trial") == "3":
            client.delete_run(one.info.run_id)
    write_state(folder.state, StateFile(3, TrialState.COMPLETE, ended=4e9 + 1))
    tracker.finish_trial(folder)
    tracker.progress({"trials_complete": 4.0}, 4, 4e9 + 1)
    tracker.finish_study(TrialState.COMPLETE)
    assert tracker.close(), said
    check_complete(client, 4)
    assert not any("does not take" in line for line in said)
