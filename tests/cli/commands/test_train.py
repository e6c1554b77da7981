"""One trial without a search. What it trains is tested in tests/tasks, what it leaves behind here."""

import json
from pathlib import Path

import pytest

from mnist_sweep.cli.main import run
from mnist_sweep.files import read_yaml
from mnist_sweep.storage.folders import StudyFolder

DRY = ["data=digits", "model=dnn", "model.units=[16]", "train.epochs=3", "task=dry", "tracking=none"]


def test_each_call_is_the_next_trial_of_one_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for rate in ("0.001", "0.002"):
        assert run(["train", f"runs_folder={tmp_path}", *DRY, f"optimizer.learning_rate={rate}"]) == 0
    assert "val_accuracy" in capsys.readouterr().out
    trials = StudyFolder(tmp_path / "train").trials()
    assert [int(trial.path.name) for trial in trials] == [0, 1]
    assert [read_yaml(trial.config)["optimizer"]["learning_rate"] for trial in trials] == [0.001, 0.002]
    for trial in trials:
        assert json.loads(trial.state.read_text())["state"] == "COMPLETE"
        assert [row["epoch"] for row in trial.rows()] == [1, 2, 3]


def test_the_folder_of_a_search_takes_no_single_trial(own_runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", f"runs_folder={own_runs}", *DRY, "study.name=dnn-digits"]) == 2
    assert "dnn-digits" in capsys.readouterr().err


def test_the_name_of_an_experiments_search_is_that_searchs_alone(tmp_path: Path) -> None:
    given = ["train", "experiment=records/small", "data=digits", "task=dry", "tracking=none", f"runs_folder={tmp_path}"]
    for more in ([], ["study.name=mine"]):
        assert run([*given, *more]) == 0
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["mine", "train"]
