"""The trials of a study as a file."""

from pathlib import Path

import pytest

from mnist_sweep.cli.main import run


def test_a_study_is_exported(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["export", "dnn-digits", f"runs_folder={runs}", "to=trials.csv"]) == 0
    assert capsys.readouterr().out == "trials.csv: 4 trials of study dnn-digits\n"
    assert len(Path("trials.csv").read_text().splitlines()) == 5
    assert run(["export", "dnn-digits", f"runs_folder={runs}", "to=trials.csv"]) == 2
    assert run(["export", "dnn-digits", f"runs_folder={runs}"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "error: to=trials.csv is there already: give a new file", "error: to is missing: give it with to=...",
    ]  # fmt: skip
