"""Commands in environments that are odd but legal."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

DRY = ["sweep", "data=digits", "model=dnn", "model.units=[8]", "train.epochs=1", "search.n_trials=1", "tracking=none",
       "task=dry"]  # fmt: skip
PROGRAM = [sys.executable, "-m", "mnist_sweep"]


def call(
    folder: Path, arguments: list[str], redirect: str = "", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Runs a command by a shell, which can close streams."""
    command = ["sh", "-c", f'exec "$@" {redirect}', "sh", *PROGRAM, *arguments]
    return subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, timeout=300, check=False
    )


@pytest.mark.parametrize("redirect", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_a_closed_stream_ends_no_sweep(tmp_path: Path, redirect: str) -> None:
    assert call(tmp_path, DRY, redirect).returncode == 0
    assert (tmp_path / "runs/dnn-digits/best.yaml").is_file()


@pytest.mark.slow
def test_a_trial_is_trained_without_any_stream(tmp_path: Path) -> None:
    assert call(tmp_path, ["train", *DRY[1:5], "tracking=none"], "<&- >&- 2>&-").returncode == 0
    assert (tmp_path / "runs/train/trials/0000/metrics.json").is_file()


def test_letters_that_a_stream_can_not_write_end_no_sweep(tmp_path: Path) -> None:
    done = call(tmp_path, [*DRY, "study.name=größe"], PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"Study gr\\xf6\\xdfe:" in done.stdout


def test_a_working_folder_that_is_gone_is_one_line(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    command = [*PROGRAM, *DRY, f"runs_folder={tmp_path}"]
    done = subprocess.run(["sh", "-c", f'rmdir "{gone}" && exec "$@"', "sh", *command], cwd=gone, capture_output=True,
                          timeout=300, check=False)  # fmt: skip
    assert (done.returncode, done.stderr) == (2, b"error: the working folder is gone: change to another one\n")


def test_an_interpreter_without_assertions_is_one_line(tmp_path: Path) -> None:
    done = call(tmp_path, DRY, PYTHONOPTIMIZE="1")
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C", "LANG": "C"}, {"HOME": "/nonexistent"}, {"TMPDIR": "/nonexistent"}, {"COLUMNS": "0"},
        {"COLUMNS": "abc"}, {"TZ": "Nowhere/X"}, {"TERM": ""}, {"PYTHONWARNINGS": "error"},
    ],
    ids=lambda environment: next(iter(environment)),
)  # fmt: skip
@pytest.mark.slow
def test_odd_variables_end_no_sweep(tmp_path: Path, environment: dict[str, str]) -> None:
    done = call(tmp_path, [*DRY, "study.name=größe"], **environment)
    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "runs/größe/best.yaml").is_file()


@pytest.mark.parametrize("mask", ["777", "077", "000"])
@pytest.mark.slow
def test_any_umask(tmp_path: Path, mask: str) -> None:
    if mask == "777" and os.geteuid() != 0:
        pytest.skip("nobody but root can write into a folder without permissions")
    command = ["sh", "-c", f'umask {mask} && exec "$@"', "sh", *PROGRAM, *DRY]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=300, check=False).returncode == 0
