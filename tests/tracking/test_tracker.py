"""A real sweep in a real MLflow store: what its own client reads."""

import json
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from mnist_sweep.cli.main import run
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.history import read_history

pytestmark = pytest.mark.usefixtures("no_report")

SMALL = ["data=digits", "model=dnn", "model.units=[16]", "train.epochs=3", "train.batch_size=64"]
SPACE = ["model.dropout=interval(0.0,0.5)", "optimizer=choice(adam,sgd)"]
STATUS = {"COMPLETE": "FINISHED", "PRUNED": "KILLED", "FAIL": "FAILED"}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    folder = tmp_path_factory.mktemp("tracked")
    assert run(["sweep", f"runs_folder={folder}", *SMALL, *SPACE, "search.n_trials=4"]) == 0
    assert run(["train", f"runs_folder={folder}", *SMALL, "optimizer.learning_rate=1e30", "optimizer=sgd"]) == 1
    return StudyFolder(folder / "dnn-digits")


@pytest.fixture(scope="module")
def client(study: StudyFolder):
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=f"sqlite:///{study.path.parent / 'mlflow.db'}")


@pytest.fixture(scope="module")
def runs(study: StudyFolder, client) -> list:
    experiment = client.get_experiment_by_name("mnist_sweep")
    return client.search_runs([experiment.experiment_id], max_results=100)


def parent(runs: list):
    return next(run for run in runs if run.data.tags.get("kind") == "study")


def children(runs: list) -> list:
    found = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent(runs).info.run_id]
    return sorted(found, key=lambda run: int(run.data.tags["trial"]))


def test_optuna_and_mlflow_agree_trial_by_trial(study: StudyFolder, runs: list, client) -> None:
    storage = JournalStorage(JournalFileBackend(str(study.journal)))
    trials = optuna.load_study(study_name=study.name, storage=storage).trials
    assert len(children(runs)) == len(trials) == 4
    for trial, child in zip(trials, children(runs), strict=True):
        assert child.info.status == STATUS[trial.state.name]
        assert child.data.tags["state"] == trial.state.name
        rows = read_history(study.trial(trial.number).history)
        logged = client.get_metric_history(child.info.run_id, "val_accuracy")
        assert [(metric.step, metric.value) for metric in logged] == [
            (int(row["epoch"]), row["val_accuracy"]) for row in rows
        ]
        if trial.value is not None:
            assert child.data.metrics["best_val_accuracy"] == trial.value
        for key, value in trial.params.items():
            assert child.data.params[key] == (value if isinstance(value, str) else json.dumps(value))


def test_searched_parameters_are_told_from_fixed_ones(runs: list) -> None:
    for child in children(runs):
        searched = {key for key in child.data.params if not key.startswith("fixed.")}
        assert {"model.dropout", "optimizer"} <= searched
        assert "fixed.train.batch_size" in child.data.params
        assert "train.batch_size" not in searched


def test_runs_have_names_that_mean_something(runs: list) -> None:
    assert parent(runs).info.run_name == "dnn-digits"
    assert [child.info.run_name for child in children(runs)] == [
        "dnn-digits-0000-baseline", "dnn-digits-0001", "dnn-digits-0002", "dnn-digits-0003",
    ]  # fmt: skip


def test_the_data_set_is_recorded_with_the_digest_of_every_pixel(study: StudyFolder, runs: list) -> None:
    digest = json.loads(study.trial(0).environment.read_text())["data"]["digest"]
    for child in children(runs):
        assert child.data.tags["data_digest"] == digest
        dataset = child.inputs.dataset_inputs[0].dataset
        assert dataset.name == "digits"
        assert digest.startswith(dataset.digest)


def test_figures_and_configuration_are_artifacts(runs: list, client) -> None:
    for child in children(runs):
        names = {file.path for file in client.list_artifacts(child.info.run_id)}
        assert {"config.yaml", "history.csv", "metrics.json", "environment.json", "log.txt", "figures"} <= names
        figures = {file.path for file in client.list_artifacts(child.info.run_id, "figures")}
        assert figures == {"figures/curves.png", "figures/error_gallery.png", "figures/confusion_matrix.png"}


def test_the_parent_has_the_answer(study: StudyFolder, runs: list, client) -> None:
    run_of_study = parent(runs)
    best = json.loads(study.summary.read_text())["best"]
    assert run_of_study.info.status == "FINISHED"
    assert run_of_study.data.metrics["best_val_accuracy"] == best["value"]
    assert f"trial {best['trial']}" in run_of_study.data.tags["mlflow.note.content"]
    assert {file.path for file in client.list_artifacts(run_of_study.info.run_id)} >= {"best.yaml", "summary.json"}


def test_a_failed_run_says_why(runs: list) -> None:
    failed = next(run for run in runs if run.data.tags.get("kind") == "train")
    assert failed.info.status == "FAILED"
    assert failed.data.tags["reason"].startswith("loss became")


def test_nothing_stays_running_and_every_number_is_finite(runs: list) -> None:
    assert {run.info.status for run in runs} <= {"FINISHED", "KILLED", "FAILED"}
    assert all(abs(value) < 1e300 for run in runs for value in run.data.metrics.values())


def test_a_trial_is_reproduced_from_the_store_alone(
    study: StudyFolder, runs: list, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    child = children(runs)[0]
    uri = f"tracking.uri=sqlite:///{study.path.parent / 'mlflow.db'}"
    assert run(["reproduce", f"run={child.info.run_id}", uri, f"runs_folder={tmp_path}"]) == 0
    assert capsys.readouterr().out.strip().splitlines()[-1].startswith("EXACT:")


def test_a_store_that_is_not_there_stops_no_trial(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "taken").write_text("no database")
    uri = f"tracking.uri=sqlite:///{tmp_path}/taken/mlflow.db"
    assert run(["train", f"runs_folder={tmp_path}", *SMALL, "train.epochs=1", uri]) == 0
    out = capsys.readouterr()
    assert "tracking is behind" in out.err
    assert (tmp_path / "train/trials/0000/metrics.json").exists()
