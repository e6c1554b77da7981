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


def test_the_network_of_the_winner_is_exported(own_runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", "dnn-digits", f"runs_folder={own_runs}", "to=saved_model"]) == 0
    assert "the best one, not confirmed, of study dnn-digits" in " ".join(capsys.readouterr().out.split())
    assert (own_runs / "dnn-digits/saved_model/saved_model.pb").is_file()
    assert not list((own_runs / "dnn-digits").glob(".saved_model*"))
    assert run(["export", "dnn-digits", f"runs_folder={own_runs}", "to=trials"]) == 2
    assert capsys.readouterr().err == (
        "error: to must be a file that ends with .csv, .json, .parquet, .onnx, or tensorboard or saved_model, "
        "got trials\n"
    )
