"""MLflow is made again from the folders of a study."""

import json
from pathlib import Path

import pytest

from mnist_sweep.cli.main import run


def test_a_study_without_its_store_is_brought_up_once(own_runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from mlflow import MlflowClient

    assert run(["sync", f"runs_folder={own_runs}"]) == 0
    assert "dnn-digits: 4 trials brought up in sqlite:///" in capsys.readouterr().out.replace("\n", "")
    client = MlflowClient(tracking_uri=f"sqlite:///{own_runs / 'mlflow.db'}")
    found = client.search_runs([client.get_experiment_by_name("mnist_sweep").experiment_id])
    best = {one.data.tags["trial"]: one.data.metrics["best_val_accuracy"] for one in found if "trial" in one.data.tags}
    assert sorted(best) == ["0", "1", "2", "3"]
    summary = json.loads((own_runs / "dnn-digits/summary.json").read_text())["best"]
    assert best[str(summary["trial"])] == summary["value"] == max(best.values())
    assert {one.info.status for one in found} == {"FINISHED"}
    assert run(["sync", f"runs_folder={own_runs}", "study=dnn-digits"]) == 0
    assert "nothing was behind" in capsys.readouterr().out


def test_no_study_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sync", f"runs_folder={tmp_path}"]) == 0
    assert "There is no study in" in capsys.readouterr().out


def test_a_store_that_is_not_there_is_told_at_the_end(own_runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = own_runs / "a file/mlflow.db"
    database.parent.write_text("not a folder")
    assert run(["sync", f"runs_folder={own_runs}", f"tracking.uri='sqlite:///{database}'"]) in (2, 3)
    assert "dnn-digits" in capsys.readouterr().err
