"""Runs are made once, whatever is truncated and however often a trial is tried."""

import json
import time
from pathlib import Path

import pytest

from mnist_sweep.cli.main import run
from mnist_sweep.config.domains import as_literal
from mnist_sweep.config.image_classifier import CURVES
from mnist_sweep.config.settings import TrackingConfig
from mnist_sweep.files import write_json
from mnist_sweep.storage.folders import StudyFolder, TrialFolder
from mnist_sweep.storage.history import append_history, begin_history
from mnist_sweep.storage.run_record import RunRecord
from mnist_sweep.tracking import Tracker

COLUMNS = ("epoch", *CURVES, "seconds", "timestamp")

pytestmark = pytest.mark.usefixtures("no_report")

DRY = ["data=digits", "model=dnn", "model.units=[16]", "train.epochs=3", "model.dropout=interval(0.0,0.5)",
       "task=dry"]  # fmt: skip


def client_of(folder: Path):
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=f"sqlite:///{folder / 'mlflow.db'}")


def runs_of(client, name: str = "mnist_sweep") -> list:
    return client.search_runs([client.get_experiment_by_name(name).experiment_id], max_results=100)


@pytest.mark.parametrize(("cut", "name"), [(0, "plain"), (40, "plain"), (0, "it's mine")])
def test_truncated_records_make_no_second_run(tmp_path: Path, cut: int, name: str) -> None:
    tmp_path = tmp_path / name
    runs_folder = "runs_folder=" + as_literal(str(tmp_path))
    study = StudyFolder(tmp_path / "dnn-digits")
    assert run(["sweep", runs_folder, *DRY, "search.n_trials=3"]) == 0
    for file in (study.tracking, study.record, study.trial(2).tracking, study.trial(1).record):
        file.write_bytes(file.read_bytes()[:cut])
    assert run(["sweep", runs_folder, *DRY, "search.n_trials=4"]) == 0
    client = client_of(tmp_path)
    found = runs_of(client)
    assert sorted(one.data.tags.get("trial", "") for one in found) == ["", "0", "1", "2", "3"]
    assert {one.info.status for one in found} <= {"FINISHED", "KILLED"}
    (parent,) = [one for one in found if one.data.tags["kind"] == "study"]
    steps = [metric.step for metric in client.get_metric_history(parent.info.run_id, "trials_complete")]
    assert steps == [1, 2, 3, 4]


@pytest.mark.parametrize("slow", [False, True])
def test_another_try_of_a_trial_has_one_run_with_one_curve(tmp_path: Path, slow: bool) -> None:
    """Where the tracker lags behind, it hears of both tries at once."""
    tracker = Tracker(TrackingConfig(True, None, "mine"), tmp_path, pytest.fail)
    folder = TrialFolder(tmp_path / "study/trials/0000")
    folder.path.mkdir(parents=True)
    for epochs in (2, 3):
        begin_history(folder.history, COLUMNS)
        RunRecord("mine-0000", {}, [], {"trial": "0", "kind": "trial"}, {}, time.time()).write(folder.record)
        tracker.start_trial(folder)
        for epoch in range(1, epochs + 1):
            time.sleep(0.002)  # a timestamp of its own, in milliseconds
            row = dict.fromkeys(("loss", "accuracy", "val_loss", "val_accuracy", "seconds"), 0.5)
            row |= {"epoch": epoch, "timestamp": time.time()}
            append_history(folder.history, row, COLUMNS)
            tracker.epoch(folder, row)
        if slow and epochs == 2:
            time.sleep(8)  # until it has written the first try
    where = {"node": "node-b", "machine_class": "abc"}
    write_json(folder.environment, {"data": {}, "weights_digest": "d", **where})
    write_json(folder.state, {"state": "COMPLETE", "ended": time.time()})
    tracker.finish_trial(folder)
    assert tracker.close()
    client = client_of(tmp_path)
    (one,) = runs_of(client, "mine")
    curve = [(m.step, m.timestamp) for m in client.get_metric_history(one.info.run_id, "val_accuracy")]
    assert curve == [(row["epoch"], int(row["timestamp"] * 1000)) for row in folder.rows()]
    assert {name: one.data.tags[name] for name in where} == where
    assert one.info.start_time == int(json.loads(folder.record.read_text())["started"] * 1000)
