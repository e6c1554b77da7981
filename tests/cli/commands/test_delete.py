"""The command that deletes, and its question."""

import io
from pathlib import Path

import pytest

from mnist_sweep.cli.main import run
from mnist_sweep.storage.folders import StudyFolder


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_it_asks_and_takes_no_for_an_answer(
    own_runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = StudyFolder(own_runs / "dnn-digits")
    monkeypatch.setattr("sys.stdin", Terminal("\n"))
    assert run(["delete", "dnn-digits/3", f"runs_folder={own_runs}"]) == 1
    asked = capsys.readouterr().out
    assert "Delete trial 3 of study dnn-digits (COMPLETE, " in asked
    assert "Nothing is deleted" in asked
    assert folder.trial(3).path.is_dir()
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert run(["delete", "dnn-digits/3", f"runs_folder={own_runs}"]) == 0
    assert "Deleted trial 3 of study dnn-digits" in capsys.readouterr().out
    assert not folder.trial(3).path.exists()


def test_a_script_says_yes(own_runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert run(["delete", "dnn-digits", f"runs_folder={own_runs}"]) == 2
    assert "give yes=true where nobody can answer" in capsys.readouterr().err
    assert run(["delete", "dnn-digits", "yes=true", f"runs_folder={own_runs}"]) == 0
    assert not (own_runs / "dnn-digits").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "delete takes a study's name, or STUDY/TRIAL"),
        (["dnn-digits/x"], "delete takes a study's name, or STUDY/TRIAL, got dnn-digits/x"),
        (["dnn-digits/0"], "it is the baseline"),
        (["a", "b"], "once, got a, b"),
        (["elsewhere"], "study=elsewhere is not in"),
        (["dnn-digits", "yes=maybe"], "yes must be true or false, got maybe"),
        (["dnn-digits", "force=true"], "force"),
    ],
)
def test_bad_input_is_told_in_a_line(
    arguments: list[str], message: str, own_runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["delete", *arguments, f"runs_folder={own_runs}"]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
