"""The command that shows an ensemble."""

from pathlib import Path

import pytest

from mnist_sweep.cli.main import run


def test_the_command_shows_members_and_mean(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ensemble", "dnn-digits", "top_k=2", f"runs_folder={runs}"]) == 0
    said = capsys.readouterr().out
    assert said.count("trial ") == 2
    assert "the mean of these 2" in said
    assert "the test images stay" in " ".join(said.split())
    assert run(["ensemble", "dnn-digits", "top_k=two", f"runs_folder={runs}"]) == 2
    assert "top_k must be a whole number from 2, got two" in capsys.readouterr().err
