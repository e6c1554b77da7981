"""The pruner's audit."""

import json
from pathlib import Path

import pytest

from mnist_sweep.cli.main import run
from mnist_sweep.config.image_classifier import CURVES
from mnist_sweep.files import read_json
from mnist_sweep.results.pruning import is_audited, judge_pruner, sentence
from mnist_sweep.search import Standing
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.history import append_history, begin_history

COLUMNS = ("epoch", *CURVES, "seconds", "timestamp")

pytestmark = pytest.mark.usefixtures("no_report")


def standing(number: int, state: str, value: float, audited: int | None = None) -> Standing:
    return Standing(number, state, (value,), {}, None, audited)


def write_rows(folder: StudyFolder, number: int, epochs: int, seconds: float) -> None:
    folder.trial(number).path.mkdir(parents=True)
    begin_history(folder.trial(number).history, COLUMNS)
    for epoch in range(1, epochs + 1):
        row = dict.fromkeys(("loss", "accuracy", "val_loss", "val_accuracy", "timestamp"), 0.5)
        append_history(folder.trial(number).history, {**row, "epoch": epoch, "seconds": seconds}, COLUMNS)


def test_a_share_of_the_trials_is_audited_always_the_same() -> None:
    assert not any(is_audited(0.0, 0, number) for number in range(100))
    assert all(is_audited(1.0, 0, number) for number in range(100))
    chosen = [number for number in range(2000) if is_audited(0.25, 7, number)]
    assert chosen == [number for number in range(2000) if is_audited(0.25, 7, number)]
    assert 400 < len(chosen) < 600
    assert set(chosen) < {number for number in range(2000) if is_audited(0.5, 7, number)}


def test_the_pruner_is_wrong_where_it_would_have_stopped_the_best(tmp_path: Path) -> None:
    study = StudyFolder(tmp_path)
    write_rows(study, 3, 1, 2.0)
    write_rows(study, 4, 2, 3.0)
    finished = [standing(0, "COMPLETE", 0.97), standing(1, "COMPLETE", 0.98, audited=1),
                standing(2, "COMPLETE", 0.96, audited=2), standing(3, "PRUNED", 0.5),
                standing(4, "PRUNED", 0.6)]  # fmt: skip
    found = judge_pruner(finished, study, 5, lambda a, b: a > b)
    assert (found.pruned, found.audited, found.wrong, found.best_audited) == (2, 2, 1, 0.98)
    # Trial 3 has its first epoch alone, in which much happens once: those that it was spared are as long as later ones.
    assert found.seconds_saved == pytest.approx(4 * 3.0 + 3 * 3.0)
    assert "1 of them is better" in sentence(found)
    found = judge_pruner(finished, study, 5, lambda a, b: a < b)
    assert (found.wrong, found.best_audited) == (1, 0.96)


def test_an_audited_search_finishes_what_the_pruner_would_stop(tmp_path: Path, capsys) -> None:
    def sweep(share: float) -> dict:
        folder = tmp_path / str(share)
        command = ["sweep", "data=digits", "model=dnn", "model.dropout=interval(0.0,0.5)", "search.n_trials=30",
                   "optimizer.learning_rate=tag(log,interval(1e-6,1e-2))", "task=dry", "tracking=none",
                   f"search.audit={share}", f"runs_folder={folder}", "runtime.workers=1", "train.epochs=5"]  # fmt: skip
        assert run(command) == 0
        for trial in StudyFolder(folder / "dnn-digits").trials():
            state = json.loads(trial.state.read_text())
            assert state["state"] != "COMPLETE" or len(trial.rows()) == 5
        return read_json(folder / "dnn-digits/summary.json")

    none, half, all_ = sweep(0.0), sweep(0.5), sweep(1.0)
    assert none["pruning"]["audited"] == 0
    assert none["pruning"]["pruned"] == none["states"]["PRUNED"] > 0
    assert half["pruning"]["audited"] > 0
    assert half["states"]["PRUNED"] > 0
    assert all_["states"] == {"COMPLETE": 30, "PRUNED": 0, "FAIL": 0}
    assert "The pruner stopped" in capsys.readouterr().out
