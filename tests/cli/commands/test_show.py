"""The leaderboard of a study, and the list of studies."""

import json
from pathlib import Path

import pytest

from mnist_sweep.cli.main import run
from mnist_sweep.storage.folders import StudyFolder


def test_the_leaderboard_has_every_complete_trial_the_best_first(
    runs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert run(["show", f"runs_folder={runs}"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Study dnn-digits: 4 complete, 0 pruned, 0 failed")
    rows = [line.split() for line in said.splitlines() if line.strip()[:1].isdigit()]
    study = StudyFolder(runs / "dnn-digits")
    values = {}
    for number in range(4):
        history = study.trial(number).rows()
        values[number] = max(row["val_accuracy"] for row in history)
    assert {int(row[0]): float(row[1]) for row in rows} == pytest.approx(values, abs=5e-5)
    assert [float(row[1]) for row in rows] == sorted((float(row[1]) for row in rows), reverse=True)
    assert int(rows[0][0]) == json.loads(study.summary.read_text())["best"]["trial"]


def test_a_study_that_is_not_there_is_named(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show", f"runs_folder={runs}", "study=dnn-digit"]) == 2
    assert "dnn-digit is not in" in capsys.readouterr().err


def test_every_study_has_a_line(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["studies", f"runs_folder={runs}"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["study", "complete", "pruned", "failed", "best", "state", "last"]
    assert [line.split()[:4] for line in lines] == [["dnn-digits", "4", "0", "0"]]
