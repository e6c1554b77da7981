"""A real MLflow server that is stopped and started, one that hangs, one that answers 500: training goes on."""

import http.server
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from mnist_sweep.cli.main import run
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.tracking import is_mirrored, tracker
from mnist_sweep.tracking.store import ENVIRONMENT

pytestmark = pytest.mark.usefixtures("no_report")

SMALL = ["data=digits", "model=dnn", "model.units=[16]", "train.epochs=3", "train.batch_size=64",
         "model.dropout=interval(0.0,0.5)"]  # fmt: skip
DRY = [*SMALL, "task=dry"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """`mlflow server` on a database of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.uri = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "mlflow", "server", "--workers", "1", "--port", str(self.port), "--host",
                   "127.0.0.1", "--backend-store-uri", f"sqlite:///{self.folder / 'server.db'}", "--serve-artifacts",
                   "--artifacts-destination", str(self.folder / "artifacts")]  # fmt: skip
        with (self.folder / "server.log").open("a") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True,
                                            env={**os.environ, **ENVIRONMENT})  # fmt: skip
        for _ in range(600):
            try:
                if requests.get(f"{self.uri}/health", timeout=1).ok:
                    return
            except requests.RequestException:
                time.sleep(0.1)
        raise AssertionError((self.folder / "server.log").read_text()[-2000:])

    def stop(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    one = Server(tmp_path_factory.mktemp("server"))
    one.start()
    yield one
    one.stop()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracker, "RETRY_SECONDS", 1.0)
    monkeypatch.setattr(tracker, "PATIENCE_SECONDS", 20.0)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "2")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")


def when(condition: Callable[[], bool], action: Callable[[], None]) -> threading.Thread:
    """Does something as soon as a condition holds, beside the sweep."""

    def wait() -> None:
        while not condition():
            time.sleep(0.05)
        action()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def runs_of(server: Server, experiment: str) -> tuple:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=server.uri)
    found = client.search_runs([client.get_experiment_by_name(experiment).experiment_id], max_results=1000)
    return client, found


def check_whole(server: Server, study: StudyFolder, experiment: str) -> None:
    """Every trial once, with its curve, its state and its own times."""
    client, found = runs_of(server, experiment)
    (parent,) = [one for one in found if one.data.tags["kind"] == "study"]
    assert parent.info.status == "FINISHED"
    assert len(found) == 1 + len(study.trials())
    for trial in study.trials():
        (child,) = [one for one in found if one.data.tags.get("trial") == str(int(trial.path.name))]
        state = json.loads(trial.state.read_text())
        assert child.data.tags["state"] == state["state"]
        assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert abs(child.info.end_time / 1000 - state["ended"]) < 0.01
        assert abs(child.info.start_time / 1000 - state["started"]) < 0.01
        curve = client.get_metric_history(child.info.run_id, "val_accuracy")
        assert [(m.step, m.value, m.timestamp) for m in curve] == [
            (row["epoch"], row["val_accuracy"], int(row["timestamp"] * 1000)) for row in trial.rows()
        ]
        assert "config.yaml" in {file.path for file in client.list_artifacts(child.info.run_id)}
    best = client.get_metric_history(parent.info.run_id, "best_val_accuracy")
    assert [m.value for m in best] == sorted(m.value for m in best)
    assert best[-1].value == json.loads(study.summary.read_text())["best"]["value"]
    assert len(client.get_metric_history(parent.info.run_id, "trials_complete")) == len(study.trials())


@pytest.mark.slow
def test_a_server_that_is_killed_in_the_middle(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = StudyFolder(tmp_path / "dnn-digits")
    where = [f"runs_folder={tmp_path}", f"tracking.uri={server.uri}", "tracking.experiment=killed"]
    thread = when(study.trial(1).history.exists, server.stop)
    assert run(["sweep", *where, *SMALL, "search.n_trials=5", "runtime.workers=1"]) == 0
    thread.join()
    out = capsys.readouterr()
    assert out.err.count("tracking is behind") == 2  # as it happens, and at the end
    assert "mnist-sweep sync" in out.err
    assert json.loads(study.summary.read_text())["states"]["FAIL"] == 0
    assert run(["sync", *where]) == 3
    assert "can't be brought up" in capsys.readouterr().err
    server.start()
    assert run(["sync", *where]) == 0
    assert "brought up" in capsys.readouterr().out
    check_whole(server, study, "killed")
    assert run(["sync", *where]) == 0
    assert "nothing was behind" in capsys.readouterr().out
    check_whole(server, study, "killed")


@pytest.mark.slow
def test_a_server_that_comes_back_is_caught_up_with(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It hangs as long as it is stopped."""
    study = StudyFolder(tmp_path / "dnn-digits")
    where = [f"runs_folder={tmp_path}", f"tracking.uri={server.uri}", "tracking.experiment=hung"]
    assert server.process is not None
    group = server.process.pid
    threads = [when(study.trial(1).history.exists, lambda: os.killpg(group, signal.SIGSTOP)),
               when(study.trial(4).metrics.exists, lambda: os.killpg(group, signal.SIGCONT))]  # fmt: skip
    assert run(["sweep", *where, *SMALL, "search.n_trials=8", "runtime.workers=1", "train.batch_size=16"]) == 0
    for thread in threads:
        thread.join()
    out = capsys.readouterr()
    assert out.err.count("tracking is behind") == 1
    assert "tracking has caught up" in out.err
    check_whole(server, study, "hung")


@pytest.mark.slow
def test_a_database_that_was_deleted_is_made_anew(tmp_path: Path) -> None:
    assert run(["sweep", f"runs_folder={tmp_path}", *DRY, "search.n_trials=3"]) == 0
    (tmp_path / "mlflow.db").unlink()
    # In a process of its own: MLflow keeps the old database open in this one.
    command = [sys.executable, "-m", "mnist_sweep", "sync", f"runs_folder={tmp_path}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "3 trials brought up" in done.stdout
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        found = database.execute("select value from tags where key = 'trial' order by value").fetchall()
    database.close()
    assert found == [("0",), ("1",), ("2",)]


def test_a_trial_that_can_not_be_taken_keeps_no_other_one_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["sweep", f"runs_folder={tmp_path}", *DRY, "search.n_trials=3", "study.name=damaged"]) == 0
    _, damaged, other = StudyFolder(tmp_path / "damaged").trials()
    damaged.record.write_text("{")
    for trial in (damaged, other):
        trial.tracking.unlink()
    assert run(["sync", f"runs_folder={tmp_path}"]) == 3
    assert is_mirrored(other)
    assert not list((tmp_path / "damaged").rglob("trials/*/*lock*"))
    assert f"trial {damaged.path.name}: " in capsys.readouterr().err


class Broken(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(500)
        self.end_headers()
        self.wfile.write(b"broken")

    do_POST = do_GET  # noqa: N815

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Says nothing."""


def test_a_server_that_answers_500_stops_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Broken) as broken:
        threading.Thread(target=broken.serve_forever, daemon=True).start()
        uri = f"tracking.uri=http://127.0.0.1:{broken.server_port}"
        assert run(["sweep", f"runs_folder={tmp_path}", uri, *DRY, "search.n_trials=3"]) == 0
        broken.shutdown()
    error = capsys.readouterr().err
    assert error.count("tracking is behind") == 2
    assert error.count("\n") == 2


def test_a_server_that_never_answers_stops_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"tracking.uri=http://127.0.0.1:{silent.getsockname()[1]}"
        assert run(["sweep", f"runs_folder={tmp_path}", uri, *DRY, "search.n_trials=3"]) == 0
    assert "tracking is behind" in capsys.readouterr().err
    assert json.loads((tmp_path / "dnn-digits/summary.json").read_text())["states"]["FAIL"] == 0
