"""A reproduction of one trial, and of all of a study."""

from pathlib import Path

import pytest

from mnist_sweep.cli.main import run
from mnist_sweep.config.runtime_settings import RuntimeConfig
from mnist_sweep.config.settings import TrackingConfig
from mnist_sweep.execution.progress import Silent
from mnist_sweep.reproduce.session import Reproducing, reproduce
from mnist_sweep.results.recorded import read_recorded
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.test_set_log import Purpose, openings
from mnist_sweep.tasks.data import not_shown

SWEEP = ["data=digits", "model=dnn", "model.units=[16]", "train.epochs=2", "model.dropout=interval(0.0,0.5)",
         "task=dry", "tracking=none", "search.n_trials=2", "pruner=none"]  # fmt: skip


@pytest.mark.usefixtures("no_report")
@pytest.mark.parametrize("is_audit", [False, True])
def test_the_verdicts_are_given_and_of_an_audit_written(tmp_path: Path, is_audit: bool) -> None:
    assert run(["sweep", f"runs_folder={tmp_path}", *SWEEP]) == 0
    study = StudyFolder(tmp_path / "dnn-digits")
    trials = [read_recorded(folder, f"one-{folder.path.name}", []) for folder in study.trials()]
    what = Reproducing(
        trials=trials if is_audit else trials[:1],
        study=study,
        is_audit=is_audit,
        tolerance=None,
        runtime=RuntimeConfig("local", 1, None, None, []),
        tracking=TrackingConfig(False, None, "mine"),
        runs_folder=tmp_path,
        trusted=[],
        line="mnist-sweep reproduce",
    )
    code, verdicts = reproduce(what, Silent(), not_shown)
    assert (code, {verdict.verdict for verdict in verdicts.values()}) == (0, {"EXACT"})
    assert len(verdicts) == (2 if is_audit else 1)
    assert study.audit.is_file() == is_audit


def test_retraining_on_the_test_images_is_logged(tmp_path: Path) -> None:
    digits = ["data=digits", "model=dnn", "model.units=[16]", "train.epochs=1", "tracking=none"]
    for validation in ("split", "test"):
        assert run(["train", f"runs_folder={tmp_path}", *digits, f"data.validation={validation}"]) == 0
    singles = StudyFolder(tmp_path / "train")
    first, second = (read_recorded(folder, folder.path.name, []) for folder in singles.trials())
    assert [entry.purpose for entry in openings(singles)] == [Purpose.TRAIN]
    runtime, tracking = RuntimeConfig("local", 1, None, None, []), TrackingConfig(False, None, "mine")
    for recorded in (first, second, second):
        what = Reproducing([recorded], None, False, None, runtime, tracking, tmp_path, [], f"reproduce {recorded.name}")
        assert reproduce(what, Silent(), not_shown)[0] == 0
    log = openings(StudyFolder(tmp_path / "reproduce"))
    assert [(entry.purpose, entry.command) for entry in log] == [(Purpose.REPRODUCE, f"reproduce {second.name}")]
