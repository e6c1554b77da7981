"""Trials are retrained from what is recorded of them: by study, by MLflow run, by file, and all of a study."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from mnist_sweep.cli.main import run
from mnist_sweep.files import read_json
from mnist_sweep.storage.folders import StudyFolder

QUIET = "tracking=none"


def last(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out.strip().splitlines()[-1]


def test_a_run_is_reproduced_from_the_tracking_store_alone_and_linked_to_it(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from mlflow import MlflowClient

    noted = read_json(runs / "dnn-digits/trials/0001/mlflow.json")
    store = f"tracking.uri=sqlite:///{runs / 'mlflow.db'}"
    assert run(["reproduce", f"run={noted['run_id']}", f"runs_folder={tmp_path}", store]) == 0
    assert last(capsys).startswith("EXACT: weights, curve, metrics and predictions")
    client = MlflowClient(tracking_uri=f"sqlite:///{runs / 'mlflow.db'}")
    made = client.get_run(read_json(tmp_path / "reproduce/trials/0000/mlflow.json")["run_id"])
    assert made.data.tags["reproduces_run"] == noted["run_id"]
    assert made.data.tags["verdict"] == "EXACT"
    assert noted["run_id"] in made.data.tags["mlflow.note.content"]


def test_a_best_file_alone_is_enough(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "somewhere.yaml"
    shutil.copy(runs / "dnn-digits/best.yaml", file)
    assert run(["reproduce", str(file), f"runs_folder={tmp_path}", QUIET]) == 0
    assert last(capsys).startswith("EXACT: weights and metrics")
    content = yaml.safe_load(file.read_text())
    content["recorded"]["environment"]["weights_digest"] = "0" * 64
    content["recorded"]["environment"]["versions"]["keras"] = "1.0"
    content["recorded"]["metrics"]["val_accuracy"] = 0.1
    file.write_text(yaml.safe_dump(content))
    assert run(["reproduce", str(file), f"runs_folder={tmp_path}", QUIET]) == 1
    said = last(capsys)
    assert said.startswith("DIFFERENT:")
    assert "another Keras" in said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda content: content.pop("recorded"), "has no `recorded`"),
        (lambda content: content.update(recorded=3), "recorded must be a mapping"),
        (lambda content: content["recorded"].pop("metrics"), "recorded.metrics is missing"),
        (lambda content: content["recorded"]["environment"].pop("data"), "recorded.environment.data is missing"),
        (lambda content: content["recorded"]["environment"].pop("weights_digest"), "no weights_digest"),
        (lambda content: content["model"].update(_target_="os.system"), "model._target_"),
    ],
)
def test_what_is_no_record_is_told_in_a_line(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], change, said: str
) -> None:
    content = yaml.safe_load((runs / "dnn-digits/best.yaml").read_text())
    change(content)
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(content))
    assert run(["reproduce", str(file), f"runs_folder={tmp_path}", QUIET]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_whole_study_is_audited(own_runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = StudyFolder(own_runs / "dnn-digits")
    environment = read_json(study.trial(2).environment)
    study.trial(2).environment.write_text(json.dumps({**environment, "weights_digest": "0" * 64}))
    assert run(["reproduce", "all=true", f"runs_folder={own_runs}", QUIET, "runtime.workers=3"]) == 0
    assert last(capsys).startswith("3 of 4 EXACT, 1 WITHIN TOLERANCE")
    found = read_json(study.audit)
    assert found["verdicts"] == {"EXACT": 3, "WITHIN TOLERANCE": 1}
    assert found["trials"]["dnn-digits-0002"]["verdict"] == "WITHIN TOLERANCE"


@pytest.mark.slow
def test_pruned_trials_are_reproduced_up_to_their_epoch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = ["data=digits", "model=dnn", "model.units=[16]", "train.epochs=4", "search.n_trials=5",
             "optimizer.learning_rate=tag(log,interval(1e-6,1e-2))", f"runs_folder={tmp_path}", QUIET]  # fmt: skip
    assert run(["sweep", *small]) == 0
    states = read_json(tmp_path / "dnn-digits/summary.json")["states"]
    assert states["PRUNED"] > 0
    capsys.readouterr()
    assert run(["reproduce", "all=true", f"runs_folder={tmp_path}", QUIET]) == 0
    assert last(capsys).startswith("5 of 5 EXACT")


def test_a_dry_study_has_nothing_to_reproduce(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dry = ["data=digits", "model=dnn", "model.dropout=interval(0.0,0.5)", "search.n_trials=3", "task=dry",
           f"runs_folder={tmp_path}", QUIET]  # fmt: skip
    assert run(["sweep", *dry]) == 0
    for command in ("reproduce", "confirm"):
        capsys.readouterr()
        assert run([command, f"runs_folder={tmp_path}", QUIET]) == 2
        assert "a dry run: nothing was trained" in capsys.readouterr().err
