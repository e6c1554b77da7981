"""A search is stopped from MLflow's page."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow import MlflowClient

from mnist_sweep.config.settings import TrackingConfig
from mnist_sweep.files import read_json
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.run_record import RunDescription, RunKind, run_record
from mnist_sweep.tracking import Tracker
from mnist_sweep.tracking import stop_tag as module

CONFIG = TrackingConfig(True, None, "mine")


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    folder = StudyFolder(tmp_path / "runs" / "mine")
    folder.path.mkdir(parents=True)
    run = RunDescription(RunKind.STUDY, "mine", "mine", folder.path, "x", "x", {}, {"digest": "0"}, "local")
    run_record(run).write(folder.record)
    return folder


def until(happened: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_the_tag_is_heard_once_and_removed(study: StudyFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.05)
    heard: list[float] = []
    tracker = Tracker(CONFIG, study.path.parent, pytest.fail, lambda: heard.append(time.time()))
    tracker.start_study(study)
    until(lambda: study.tracking.is_file() and read_json(study.tracking)["run_id"])
    client, run = MlflowClient(tracker.uri), read_json(study.tracking)["run_id"]
    time.sleep(0.3)
    assert heard == []
    client.set_tag(run, "stop", "please")
    until(lambda: heard)
    until(lambda: "stop" not in client.get_run(run).data.tags)
    assert tracker.close()
    assert len(heard) == 1


def test_a_tag_of_before_stops_nothing(study: StudyFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.05)
    first = Tracker(CONFIG, study.path.parent, pytest.fail)
    first.start_study(study)
    assert first.close()
    client, run = MlflowClient(first.uri), read_json(study.tracking)["run_id"]
    client.set_tag(run, "stop", "")
    again = Tracker(CONFIG, study.path.parent, pytest.fail, lambda: pytest.fail("it was set before"))
    again.start_study(study)
    until(lambda: "stop" not in client.get_run(run).data.tags)
    time.sleep(0.2)
    assert again.close()
