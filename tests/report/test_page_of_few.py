"""The page of a study that lacks something."""

import json
import shutil
from pathlib import Path

from mnist_sweep.cli.main import run
from mnist_sweep.storage.folders import StudyFolder


def test_a_baseline_that_was_pruned_by_an_earlier_version_is_left_out(runs: Path, tmp_path: Path) -> None:
    study = StudyFolder(shutil.copytree(runs / "dnn-digits", tmp_path / "dnn-digits"))
    others = [json.loads(study.trial(number).state.read_text()) for number in (1, 2, 3)]
    state = json.loads(study.trial(0).state.read_text()) | {"state": "PRUNED"}
    study.trial(0).state.write_text(json.dumps(state))
    assert run(["report", f"runs_folder={tmp_path}"]) == 0
    page = study.report.read_text()
    assert "the baseline, trial 0, has" not in page
    assert f"{max(one['values'][0] for one in others):.4f}" in page


def test_the_baseline_is_never_pruned(tmp_path: Path) -> None:
    """A learning rate by which a dry trial is worse than the others, in both workers' order."""
    command = ["sweep", "data=digits", "model=dnn", "task=dry", "tracking=none", "train.epochs=5",
               "optimizer.learning_rate=0.9", "search=default", "search.n_trials=9",
               "search.space.optimizer.learning_rate=interval(0.001,0.0011)", f"runs_folder={tmp_path}"]  # fmt: skip
    assert run(command) == 0
    states = [json.loads(trial.state.read_text())["state"] for trial in StudyFolder(tmp_path / "dnn-digits").trials()]
    assert states[0] == "COMPLETE"
    assert "PRUNED" in states
