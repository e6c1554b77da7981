"""A study's trials as a table that other programs read."""

import json
from pathlib import Path

import pandas as pd
import pytest

from mnist_sweep.config import UserError
from mnist_sweep.results.study import read_study
from mnist_sweep.results.table import check_target, trials_table, write_table
from mnist_sweep.storage.folders import StudyFolder


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_a_file_has_every_trial_to_the_last_digit(ending: str, runs: Path, tmp_path: Path) -> None:
    study = read_study(StudyFolder(runs / "dnn-digits"))
    file = tmp_path / f"trials.{ending}"
    write_table(study, file)
    readers = {"csv": lambda: pd.read_csv(file), "parquet": lambda: pd.read_parquet(file),
               "json": lambda: pd.DataFrame(json.loads(file.read_text()))}  # fmt: skip
    found = readers[ending]()
    assert list(found["number"]) == [0, 1, 2, 3]
    assert list(found["state"]) == ["COMPLETE"] * 4
    assert list(found["best_val_accuracy"]) == [trial.values[0] for trial in study.trials]
    assert list(found["params_model.dropout"])[1:] == [float(t.overrides["model.dropout"]) for t in study.trials[1:]]
    assert list(found["metrics_parameters"]) == [trial.metrics["parameters"] for trial in study.trials]
    assert list(found.columns) == list(trials_table(study).columns)
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_a_missing_value_is_null(runs: Path, tmp_path: Path) -> None:
    study = read_study(StudyFolder(runs / "dnn-digits"))
    study.trials[1].values.clear()
    write_table(study, tmp_path / "trials.json")
    assert json.loads((tmp_path / "trials.json").read_text())[1]["best_val_accuracy"] is None


@pytest.mark.parametrize("value", [None, "", "trials", "trials.xls", "nowhere/trials.csv", 5])
def test_what_can_not_be_written_is_told(value: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"^to must be a file"):
        check_target(value)


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("precious")
    with pytest.raises(UserError, match=r"mine.csv is there already: give a new file"):
        check_target(str(tmp_path / "mine.csv"))
    assert check_target(str(tmp_path / "new.CSV")) == tmp_path / "new.CSV"
