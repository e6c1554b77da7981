"""The leaderboard of a study, and the list of studies."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mnist_sweep.cli.main import run
from mnist_sweep.report import read_study
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.lock import locked


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
    alike = [row[0] for row in rows if "≈" in row]
    assert "≈" not in rows[0]
    assert len(alike) == len(rows) - 1 or f"{', '.join(alike)} (McNemar" in said
    assert "As the best of 4 it is expected to look 0.0" in said


def test_a_study_that_is_not_there_is_named(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show", f"runs_folder={runs}", "study=dnn-digit"]) == 2
    assert "dnn-digit is not in" in capsys.readouterr().err


def test_every_study_has_a_line(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["studies", f"runs_folder={runs}"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["study", "complete", "pruned", "failed", "best", "state", "last"]
    assert [line.split()[:4] for line in lines] == [["dnn-digits", "4", "0", "0"]]


def numbers(said: str) -> list[int]:
    return [int(line.split()[0]) for line in said.splitlines() if line.strip()[:1].isdigit()]


@pytest.mark.parametrize(
    ("sort", "key"),
    [
        ("trial", lambda trial: trial.number),
        ("-trial", lambda trial: -trial.number),
        ("val_loss", lambda trial: trial.metrics["val_loss"]),
        ("-best_val_accuracy", lambda trial: -trial.values[0]),
        ("time", lambda trial: trial.ended - trial.started),
    ],
)
def test_it_is_sorted_by_any_column(runs: Path, capsys: pytest.CaptureFixture[str], sort: str, key: Callable) -> None:
    trials = sorted(read_study(StudyFolder(runs / "dnn-digits")).trials, key=lambda trial: (key(trial), trial.number))
    assert run(["show", f"runs_folder={runs}", f"sort={sort}"]) == 0
    found = numbers(capsys.readouterr().out)
    assert [key(read_study(StudyFolder(runs / "dnn-digits")).trials[number]) for number in found] == [
        key(t) for t in trials
    ]


def test_it_is_sorted_by_a_searched_key_with_the_baseline_in_its_place(runs: Path, capsys) -> None:
    study = read_study(StudyFolder(runs / "dnn-digits"))
    assert run(["show", f"runs_folder={runs}", "sort=dropout"]) == 0
    values = [float(study.values_of(study.trials[n])["model.dropout"]) for n in numbers(capsys.readouterr().out)]
    assert values == sorted(values)
    assert len(values) == 4


def test_a_column_that_is_not_there_is_told(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show", f"runs_folder={runs}", "sort=val_acuracy"]) == 2
    assert capsys.readouterr().err == "error: sort must be a column, got val_acuracy; did you mean val_accuracy?\n"


@pytest.mark.parametrize(("given", "listed"), [("limit=3", 3), ("limit=null", 4), ("--all", 4), ("limit=9", 4)])
def test_what_is_left_out_is_told(runs: Path, capsys: pytest.CaptureFixture[str], given: str, listed: int) -> None:
    assert run(["show", f"runs_folder={runs}", given]) == 0
    said = capsys.readouterr().out
    assert len(numbers(said)) == listed
    assert ("and 1 more: --all, or limit=4, lists them" in said) is (listed == 3)


@pytest.fixture
def read_only(runs: Path, tmp_path: Path) -> Iterator[Path]:
    """The runs on a file system that is mounted read-only."""
    place = tmp_path / "mounted"
    place.mkdir()
    mount = shutil.which("mount")
    if not mount or subprocess.run([mount, "--bind", runs, place], capture_output=True, check=False).returncode:
        pytest.skip("a file system can't be mounted here")
    subprocess.run([mount, "-o", "remount,ro,bind", place], check=True)
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.mark.parametrize(
    "arguments",
    [["show"], ["studies"], ["report", "output=out"], ["report", "dnn-digits", "dnn-digits", "output=out"],
     ["compare", "dnn-digits/0", "dnn-digits/1", "output=out"]],
)  # fmt: skip
def test_reading_needs_no_writing(read_only: Path, tmp_path: Path, monkeypatch, capsys, arguments: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert run([*arguments, f"runs_folder={read_only}"]) == 0
    assert capsys.readouterr().err == ""
    assert "output=out" not in arguments or list(Path("out").iterdir())


def test_a_study_of_a_running_driver_is_read_without_its_lock(read_only: Path, runs: Path, capsys) -> None:
    with locked(StudyFolder(runs / "dnn-digits")):
        assert run(["studies", f"runs_folder={read_only}"]) == 0
    assert "running" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["report"], ["compare", "dnn-digits/0", "dnn-digits/1"]])
def test_a_page_that_can_not_be_written_is_one_line(read_only: Path, capsys, arguments: list[str]) -> None:
    assert run([*arguments, f"runs_folder={read_only}"]) == 2
    assert "can't be written to: give another folder with output=..." in capsys.readouterr().err


def test_brackets_in_values_are_shown_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in_brackets.py").write_text("def objective(config, trial):\n    return {'loss': len(config['layers'])}\n")
    monkeypatch.syspath_prepend(tmp_path)
    function = ["task=function", "task.function=in_brackets.objective", "runtime.allowed_targets=[in_brackets]",
                "search.metric=loss", "params.layers=choice([conv,pool],[/b])", "tracking=none",
                "study.name=mine"]  # fmt: skip
    assert run(["sweep", *function, "search.n_trials=3"]) == 0
    capsys.readouterr()
    assert run(["show", "mine"]) == 0
    assert "layers=[/b]" in capsys.readouterr().out
