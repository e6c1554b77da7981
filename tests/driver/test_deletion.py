"""A trial or a study is deleted."""

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mnist_sweep.config import Unavailable, UserError
from mnist_sweep.config.settings import TrackingConfig
from mnist_sweep.driver.deletion import Deletion
from mnist_sweep.driver.loop import Sweep, run_sweep
from mnist_sweep.driver.plan import Plan
from mnist_sweep.execution import InlineExecutor
from mnist_sweep.files import read_json, read_yaml
from mnist_sweep.results.study import read_study
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.lock import locked
from mnist_sweep.storage.state import StateFile, TrialState, check_state, write_state
from mnist_sweep.tracking import Writer

TRACKING = TrackingConfig(enabled=True, uri=None, experiment="mnist_sweep")
SILENT = print


def delete(folder: StudyFolder) -> Deletion:
    return Deletion(folder, TRACKING, SILENT)


@pytest.fixture
def study(runs: Path, tmp_path: Path) -> StudyFolder:
    """A copy of a real study of four trials, with its MLflow store."""
    shutil.copytree(runs, tmp_path / "runs")
    return StudyFolder(tmp_path / "runs" / "dnn-digits")


def test_the_best_trial_goes_and_the_second_best_is_the_best(study: StudyFolder) -> None:
    write_state(study.trial(0).state, replace(check_state(study.trial(0).state), values=[0.1]))
    best, second = [trial.number for trial in read_study(study).ranked[:2]]
    deletion = delete(study)
    writer = Writer(TRACKING, study.path.parent, SILENT)
    run = read_json(study.trial(best).tracking)["run_id"]
    assert writer.runs.client.get_run(run).info.lifecycle_stage == "active"
    deletion.trial(best)
    assert writer.runs.client.get_run(run).info.lifecycle_stage == "deleted"
    left = read_study(study)
    assert len(left.trials) == 3
    assert left.best is not None
    summary = read_json(study.summary)
    assert summary["best"]["trial"] == left.best.number == second
    assert summary["states"]["COMPLETE"] == 3
    assert read_yaml(study.best)["recorded"]["trial"] == left.best.number
    assert f"Best: trial {left.best.number}," in study.readme.read_text()
    rows = re.findall(r'<th scope="row" class="number">(?:≈ )?(\d+)</th>', study.report.read_text())
    assert str(second) in rows
    assert str(best) not in rows
    parent = writer.runs.client.get_run(read_json(study.tracking)["run_id"])
    assert parent.info.status == "FINISHED"
    assert (parent.data.metrics["trials_complete"], parent.data.metrics["best_val_accuracy"]) == (
        3, pytest.approx(left.best.value),
    )  # fmt: skip
    assert not list(study.path.glob("trials/.*"))


def test_another_trial_takes_the_place_but_not_the_number(
    planned: Callable[..., Plan], swept: Callable[[Plan], Sweep], no_report: None
) -> None:
    run_sweep(first := swept(planned("search.n_trials=4")), InlineExecutor())
    folder = first.plan.folder
    gone = read_study(folder).values_of(read_study(folder).trials[3])
    delete(folder).trial(3)
    sweep = swept(planned("search.n_trials=4"))
    assert sweep.search.finished.counts.total() == 3
    assert sweep.files.lost == []
    assert run_sweep(sweep, InlineExecutor()).code == 0
    study = read_study(folder)
    assert [trial.number for trial in study.trials] == [0, 1, 2, 4]
    assert gone not in [study.values_of(trial) for trial in study.trials]
    assert study.summary is not None
    assert study.summary.states[TrialState.COMPLETE] == 4


@pytest.mark.parametrize(("number", "why"), [(0, "it is the baseline"), (9, "has no trial 9"), (2, "it was confirmed"),
                                             (1, "before it has ended")])  # fmt: skip
def test_what_a_study_needs_stays(number: int, why: str, own_runs: Path) -> None:
    study = StudyFolder(own_runs / "dnn-digits")
    study.confirmation(2, 0).path.mkdir(parents=True)
    write_state(study.trial(1).state, StateFile(1, TrialState.INTERRUPTED, overrides={}))
    with pytest.raises(UserError, match=why):
        delete(study).trial(number)
    assert len(study.trials()) == 4
    assert not study.deleted.exists()


def test_a_study_that_runs_stays(own_runs: Path) -> None:
    study = StudyFolder(own_runs / "dnn-digits")
    with locked(study):
        for call in (lambda: delete(study).trial(2), delete(study).study):
            with pytest.raises(UserError, match="is being worked on by another process"):
                call()
    assert len(study.trials()) == 4


def test_where_mlflow_is_away_nothing_is_deleted(own_runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = StudyFolder(own_runs / "dnn-digits")

    def away(*_: object) -> None:
        raise OSError("connection refused")

    monkeypatch.setattr("mnist_sweep.tracking.runs.Runs.delete", away)
    for call in (lambda: delete(study).trial(2), delete(study).study):
        with pytest.raises(Unavailable, match=r"can't be deleted \(connection refused\), so nothing is"):
            call()
    assert len(study.trials()) == 4


def test_a_study_goes_with_its_runs(study: StudyFolder) -> None:
    runs = [read_json(one.tracking)["run_id"] for one in (*study.trials(), study)]
    left = study.path.with_name(".deleted-another")
    left.mkdir()
    delete(study).study()
    assert not study.path.exists()
    assert not left.exists()
    client = Writer(TRACKING, study.path.parent, SILENT).runs.client
    assert {client.get_run(run).info.lifecycle_stage for run in runs} == {"deleted"}


def test_a_single_trial_goes_and_its_number_with_it(tmp_path: Path) -> None:
    folder = StudyFolder(tmp_path / "runs" / "train")
    for number in (0, 1):
        folder.trial(number).path.mkdir(parents=True)
    delete(folder).trial(1)
    assert [trial.path.name for trial in folder.trials()] == ["0000"]
    assert {path.name for path in folder.path.iterdir()} == {"trials", "deleted.json"}
