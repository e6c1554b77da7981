"""Trials side by side."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mnist_sweep.cli.main import run
from mnist_sweep.files import read_json
from mnist_sweep.storage.folders import StudyFolder

QUIET = "tracking=none"


def test_configurations_metrics_and_images_are_compared(
    own_runs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    study = StudyFolder(own_runs / "dnn-digits")
    monkeypatch.setenv("COLUMNS", "120")
    folder = str(study.trial(2).path)
    assert run(["compare", "dnn-digits/0", "dnn-digits/1", folder, f"runs_folder={own_runs}", QUIET]) == 0
    said = capsys.readouterr().out
    right = []
    for number in range(3):
        with np.load(study.trial(number).predictions) as arrays:
            right.append(arrays["predicted"] == arrays["labels"])
    only = (int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum()))
    assert f"only dnn-digits/0 gets {only[0]} right, only dnn-digits/1 {only[1]} (McNemar" in " ".join(said.split())
    differing = [line.split()[0] for line in said.partition("metric")[0].splitlines() if "." in line.partition(" ")[0]]
    assert set(differing) == {"model.dropout", "optimizer.learning_rate", "optimizer.beta_1", "optimizer.beta_2"}
    accuracy = read_json(study.trial(1).metrics)["val_accuracy"]
    assert f"{accuracy:.4f}" in said
    made = sorted((own_runs / "compare").glob("*.png"))
    assert len(made) == 2
    for file in made:
        with Image.open(file) as picture:
            picture.load()


def test_a_study_is_its_best_trial_and_a_run_its_trial(runs: Path, tmp_path: Path, capsys) -> None:
    best = read_json(runs / "dnn-digits/summary.json")["best"]["trial"]
    run_id = read_json(runs / "dnn-digits/trials/0000/mlflow.json")["run_id"]
    import shutil

    shutil.copytree(runs / "dnn-digits", tmp_path / "dnn-digits")
    store = f"tracking.uri=sqlite:///{runs / 'mlflow.db'}"
    assert run(["compare", "dnn-digits", run_id, f"runs_folder={tmp_path}", store]) == 0
    said = capsys.readouterr().out
    assert f"dnn-digits/{best}" in said
    assert "dnn-digits-0000-baseline" in said


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], "compare takes two or more"),
        (["dnn-digits"], "compare takes two or more"),
        (["dnn-digits", "nope"], "study=nope is not in"),
        (["dnn-digits/0", "dnn-digits/99"], "trial=99 is not in study dnn-digits"),
        (["dnn-digits/0", "dnn-digits/x"], "must be STUDY, STUDY/TRIAL"),
        (["dnn-digits/0", "../x"], "must be STUDY, STUDY/TRIAL"),
        (["dnn-digits/0", "f" * 32], "can't be"),
    ],
)
def test_what_is_no_trial_is_told_in_a_line(own_runs: Path, capsys, names: list[str], said: str) -> None:
    assert run(["compare", *names, f"runs_folder={own_runs}", QUIET]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_trials_of_other_images_are_refused(own_runs: Path, capsys) -> None:
    study = StudyFolder(own_runs / "dnn-digits")
    with np.load(study.trial(1).predictions) as arrays:
        changed = {name: arrays[name] for name in arrays}
    changed["labels"] = changed["labels"][::-1]
    np.savez(study.trial(1).predictions, **changed)
    assert run(["compare", "dnn-digits/0", "dnn-digits/1", f"runs_folder={own_runs}", QUIET]) == 2
    assert "validated on other images" in capsys.readouterr().err
    study.trial(1).predictions.unlink()
    assert run(["compare", "dnn-digits/0", "dnn-digits/1", f"runs_folder={own_runs}", QUIET]) == 2
    assert "has no predictions.npz" in capsys.readouterr().err
    assert json.loads(study.summary.read_text())["best"]
