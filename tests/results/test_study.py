"""A study's folder as it is read for people."""

from pathlib import Path
from typing import Any

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.files import write_json, write_yaml
from mnist_sweep.results.study import Study, read_study
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.state import TrialState
from mnist_sweep.storage.summary import Summary

SEARCH = {"n_trials": 5, "timeout": None, "target": None, "max_failures": 5, "audit": 0.0, "metric": "val_accuracy",
          "direction": None, "space": {"model.dropout": "interval(0,0.5)"}, "when": {}}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    return make(tmp_path)


def make(path: Path, **search: Any) -> StudyFolder:
    study = StudyFolder(path / "dnn-digits")
    study.path.mkdir(parents=True)
    write_yaml(study.config, {"search": {**SEARCH, **search}})
    return study


def end(study: StudyFolder, number: int, state: str, value: float | None = None, **more: Any) -> None:
    folder = study.trial(number)
    folder.path.mkdir(parents=True)
    values = None if value is None else [value]
    write_json(folder.state, {"trial": number, "state": state, "values": values, **more})


def test_every_trial_stands_as_its_state_says(folder: StudyFolder) -> None:
    end(folder, 0, "COMPLETE", 0.9, started=1.0, ended=3.0)
    end(folder, 1, "FAIL", reason="loss became NaN", overrides={"model.dropout": "0.5"})
    end(folder, 2, "PRUNED")
    folder.trial(3).path.mkdir()
    write_json(folder.trial(3).record, {"started": 7.0})
    study = read_study(folder)
    assert [(trial.number, trial.state, trial.value) for trial in study.trials] == [
        (0, "COMPLETE", 0.9), (1, "FAIL", None), (2, "PRUNED", None), (3, "INTERRUPTED", None),
    ]  # fmt: skip
    assert (study.trials[0].started, study.trials[0].ended, study.trials[3].started) == (1.0, 3.0, 7.0)
    assert (study.trials[1].reason, study.trials[1].overrides) == ("loss became NaN", {"model.dropout": "0.5"})
    assert [trial.number for trial in study.of_state(TrialState.FAIL, TrialState.PRUNED)] == [1, 2]


def test_what_has_not_ended_runs_while_the_driver_does(folder: StudyFolder) -> None:
    folder.trial(0).path.mkdir(parents=True)
    assert [read_study(folder, held).trials[0].state for held in (True, False)] == ["RUNNING", "INTERRUPTED"]


@pytest.mark.parametrize(
    ("metric", "values", "ranked", "sign"),
    [
        ("val_accuracy", [0.5, 0.9, 0.9, 0.7], [1, 2, 3, 0], 1),
        ("val_loss", [0.5, 0.9, 0.5, 0.7], [0, 2, 3, 1], -1),
        ("parameters", [30, 10, 20, 40], [1, 2, 0, 3], -1),
    ],
)
def test_the_best_comes_first(tmp_path: Path, metric: str, values: list[float], ranked: list[int], sign: int) -> None:
    folder = make(tmp_path, metric=metric)
    for number, value in enumerate(values):
        end(folder, number, "COMPLETE", value)
    end(folder, 4, "PRUNED", 99.0)
    study = read_study(folder)
    assert [trial.number for trial in study.ranked] == ranked
    assert study.best is not None
    assert (study.best.number, study.sign, study.metric) == (ranked[0], sign, metric)


def test_without_complete_trials_there_is_neither_best_nor_baseline(folder: StudyFolder) -> None:
    end(folder, 0, "FAIL")
    study = read_study(folder)
    assert (study.ranked, study.best, study.baseline) == ([], None, None)
    end(folder, 1, "COMPLETE", 0.5)
    assert read_study(folder).baseline is None


def test_the_baseline_is_trial_0(folder: StudyFolder) -> None:
    end(folder, 0, "COMPLETE", 0.5)
    end(folder, 1, "COMPLETE", 0.9)
    baseline = read_study(folder).baseline
    assert baseline is not None
    assert baseline.number == 0


@pytest.mark.parametrize(
    ("metric", "curve"),
    [("best_val_loss", "val_loss"), ("accuracy", "accuracy"), ("parameters", "val_accuracy"), ("loss", "loss")],
)
def test_the_curve_is_the_objectives(tmp_path: Path, metric: str, curve: str) -> None:
    assert read_study(make(tmp_path, metric=metric)).curve == curve


def test_the_baselines_values_are_those_of_its_configuration(folder: StudyFolder) -> None:
    end(folder, 0, "COMPLETE", 0.5, overrides={})
    end(folder, 1, "COMPLETE", 0.5, overrides={"model.dropout": "0.25"})
    study = read_study(folder)
    assert study.values_of(study.trials[0]) == {}
    folder.trial(0).config.write_text("a text that its task has written")
    assert study.values_of(study.trials[0]) == {}
    write_yaml(folder.trial(0).config, {"model": {"dropout": 0.125, "units": [8]}})
    assert [study.values_of(trial) for trial in study.trials] == [{"model.dropout": "0.125"}, {"model.dropout": "0.25"}]
    for value, text in ((None, "null"), (True, "true"), ([8, 16], "[8,16]")):  # as in overrides, as of other trials
        write_yaml(folder.trial(0).config, {"model": {"dropout": value}})
        assert study.values_of(study.trials[0]) == {"model.dropout": text}


def test_single_trials_are_no_search(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="study=train holds single trials"):
        read_study(StudyFolder(tmp_path / "train"))


def test_damaged_files_are_as_if_they_were_not_there(folder: StudyFolder) -> None:
    end(folder, 0, "COMPLETE", 0.5)
    for file in (folder.trial(0).state, folder.summary, folder.confirmed, folder.trial(0).metrics):
        file.write_text('{"half')
    study = read_study(folder)
    assert isinstance(study, Study)
    assert (study.trials[0].state, study.trials[0].metrics) == ("INTERRUPTED", {})
    assert (study.summary, study.confirmed) == (None, None)


def test_the_direction_that_a_task_of_ones_own_has_said_is_that_of_the_summary(folder: StudyFolder) -> None:
    task = {"_target_": "mine.Task"}  # not imported here
    write_yaml(folder.config, {"task": task, "search": {**SEARCH, "metric": "residual", "direction": None}})
    end(folder, 0, "COMPLETE", 0.5, overrides={})
    end(folder, 1, "COMPLETE", 0.25, overrides={})
    with pytest.raises(UserError, match=r"search\.direction"):
        read_study(folder)
    Summary(study="x", states={}, metric=["residual"], direction=["minimize"]).write(folder.summary)
    study = read_study(folder)
    assert (study.directions, [trial.number for trial in study.ranked]) == (["minimize"], [1, 0])
