"""A database of MLflow's is there as a whole or not at all."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mnist_sweep.config.settings import TrackingConfig
from mnist_sweep.tracking import store
from mnist_sweep.tracking.store import open_store

OPEN = """
import sys
from pathlib import Path
from mnist_sweep.config.settings import TrackingConfig
from mnist_sweep.tracking.store import open_store
open_store(TrackingConfig(True, None, "mine"), Path(sys.argv[1]))
"""


def test_a_process_that_is_killed_while_it_makes_the_database_breaks_nothing(
    tmp_path: Path, real_make_database: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_make_database", real_make_database)
    process = subprocess.Popen([sys.executable, "-c", OPEN, str(tmp_path)])
    while not list(tmp_path.glob(".*mlflow.db")):
        time.sleep(0.01)
    time.sleep(0.3)  # in the middle of some two seconds
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "mlflow.db").exists()
    client, experiment = open_store(TrackingConfig(True, None, "mine"), tmp_path)
    assert client.get_experiment(experiment).name == "mine"
    assert client.search_runs([experiment]) == []


def test_two_processes_make_one_database(tmp_path: Path) -> None:
    both = [subprocess.Popen([sys.executable, "-c", OPEN, str(tmp_path)]) for _ in range(2)]
    assert [process.wait(120) for process in both] == [0, 0]
    client, _ = open_store(TrackingConfig(True, None, "mine"), tmp_path)
    assert [found.name for found in client.search_experiments(filter_string="name = 'mine'")] == ["mine"]


@pytest.mark.parametrize("is_there", [False, True])
def test_the_draft_of_a_killed_process_does_not_stay(tmp_path: Path, is_there: bool) -> None:
    """In a process of its own, as the tests' own store is a copy of a template."""
    if is_there:
        subprocess.run([sys.executable, "-c", OPEN, str(tmp_path)], check=True)
    (tmp_path / ".4711.mlflow.db").write_bytes(b"incomplete")
    (tmp_path / ".4711.mlflow.db-journal").write_bytes(b"")
    subprocess.run([sys.executable, "-c", OPEN, str(tmp_path)], check=True)
    assert sorted(path.name for path in tmp_path.iterdir() if "mlflow.db" in path.name) == ["mlflow.db"]
