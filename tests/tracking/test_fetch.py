"""Files of a run from a small MLflow store of its own."""

from importlib import import_module
from pathlib import Path

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.config.settings import TrackingConfig
from mnist_sweep.tracking import fetch
from mnist_sweep.tracking.store import open_store

STORE = TrackingConfig(True, None, "mine")


@pytest.fixture
def run_id(tmp_path: Path) -> str:
    """The id of a run named `one` that has two files."""
    client, experiment = open_store(STORE, tmp_path)
    run = client.create_run(experiment, run_name="one", tags={"kind": "trial"})
    client.log_text(run.info.run_id, "epoch\n1\n", "history.csv")
    client.log_text(run.info.run_id, "{}", "metrics.json")
    return str(run.info.run_id)


def test_the_files_that_a_run_has_are_downloaded(tmp_path: Path, run_id: str) -> None:
    into = tmp_path / "into"
    into.mkdir()
    name, experiment = fetch(STORE, tmp_path, run_id, ("history.csv", "predictions.npz"), into)
    assert (name, experiment) == ("one", open_store(STORE, tmp_path)[1])
    assert {file.name: file.read_text() for file in into.iterdir()} == {"history.csv": "epoch\n1\n"}


def test_a_study_is_no_trial(tmp_path: Path, run_id: str) -> None:
    open_store(STORE, tmp_path)[0].set_tag(run_id, "kind", "study")
    with pytest.raises(UserError, match=f"run={run_id} is a study: give the run of one of its trials"):
        fetch(STORE, tmp_path, run_id, ("history.csv",), tmp_path)


def test_a_run_that_is_not_there_is_told_in_one_line(tmp_path: Path, run_id: str) -> None:
    other = "0" * len(run_id)
    with pytest.raises(UserError, match=f"run={other} is unavailable in sqlite:///"):
        fetch(STORE, tmp_path, other, (), tmp_path)


def test_a_file_that_is_too_large_is_not_downloaded(
    tmp_path: Path, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("mnist_sweep.tracking.fetch"), "LARGEST", 7)
    with pytest.raises(UserError, match=r"has a history\.csv of 8 bytes: too large"):
        fetch(STORE, tmp_path, run_id, ("metrics.json", "history.csv"), tmp_path / "into")


@pytest.mark.parametrize("wrong", ["", "../x", "a b", "a;b"])
def test_what_is_no_id_is_not_looked_up(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(UserError, match="run must be an MLflow run id"):
        fetch(STORE, tmp_path, wrong, (), tmp_path)


def test_no_store_is_made_to_look_in(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"run=abc can't be looked up: there is no mlflow\.db in"):
        fetch(STORE, tmp_path, "abc", (), tmp_path)
    assert list(tmp_path.iterdir()) == []
