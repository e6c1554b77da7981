"""A search from Python: the same study as the command line's, and nothing else left behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hydra.core.global_hydra import GlobalHydra

import mnist_sweep as ms
from mnist_sweep.cli.main import run
from mnist_sweep.storage.folders import StudyFolder

QUIET = ["tracking=none", "runtime.workers=2"]
SPACE = {"x": "interval(0.0,1.0)"}
DRY = ["task=dry", "data=digits", "model=dnn", "model.dropout=interval(0.0,0.5)", "search.n_trials=3", *QUIET]


def test_a_function_is_searched(functions, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    study = ms.sweep(*QUIET, task=functions.bowl, space=SPACE, n_trials=4, name="mine", runs_folder=tmp_path / "runs")
    assert [trial.number for trial in study.trials] == [0, 1, 2, 3]
    assert study.best is not None
    assert study.best.value == min(t.value for t in study.trials if t.value is not None)
    assert study.baseline is not None
    assert study.baseline.config["params"] == {"x": 0.5}
    again = ms.sweep(*QUIET, task=functions.bowl, space=SPACE, n_trials=4, name="mine", runs_folder=tmp_path / "runs")
    assert [t.value for t in again.trials] == [t.value for t in study.trials]
    assert capfd.readouterr() == ("", "")


def test_it_is_the_study_of_the_command_line(tmp_path: Path, no_report: None) -> None:
    study = ms.sweep(*DRY, runs_folder=tmp_path / "api")
    assert run(["sweep", *DRY, f"runs_folder={tmp_path / 'cli'}"]) == 0
    other = ms.open_study(tmp_path / "cli" / "dnn-digits")
    assert [t.value for t in study.trials] == [t.value for t in other.trials]
    assert [t.overrides for t in study.trials] == [t.overrides for t in other.trials]
    assert run(["sweep", *DRY[:-3], "search.n_trials=4", *QUIET, f"runs_folder={tmp_path / 'api'}"]) == 0
    assert len(study.trials) == 4


def test_nothing_is_left_changed(tmp_path: Path, no_report: None) -> None:
    before = dict(os.environ), [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)], sys.modules["__main__"]
    was_initialized = GlobalHydra.instance().is_initialized()
    ms.sweep(*DRY, runs_folder=tmp_path)
    assert before == (dict(os.environ), [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)],
                      sys.modules["__main__"])  # fmt: skip
    assert GlobalHydra.instance().is_initialized() == was_initialized


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["modle=cnn"], "modle is not a known key; did you mean model"),
        (["task=dry", "search.n_trials=0"], "search.n_trials must be at least 1, got 0"),
        (["model=cnm"], "model=cnm is not there; did you mean cnn"),
        ([1], "overrides must be texts such as 'model=cnn', got 1"),
    ],
)
def test_a_mistake_is_one_line(overrides: list, message: str, tmp_path: Path) -> None:
    with pytest.raises(ms.UserError, match=message):
        ms.sweep(*overrides, runs_folder=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_search_whose_trials_fail_warns(functions, tmp_path: Path) -> None:
    failing = ["params.x=0.9", "search.metric=loss", "search.max_failures=2", "runtime.workers=1", *QUIET]
    with pytest.warns(UserWarning, match=r"^study half: the last . trials have failed.*log.txt in a trial's folder"):
        study = ms.sweep(*failing, task=functions.half, space={"params.y": [1, 2, 3]}, runs_folder=tmp_path / "runs")
    assert study.best is None


def test_a_single_trial(functions, tmp_path: Path) -> None:
    trial = ms.train("params.x=0.25", *QUIET, task=functions.half, runs_folder=tmp_path / "runs")
    assert (trial.state.value, trial.metrics["loss"]) == ("COMPLETE", 0.25)
    failed = ms.train("params.x=0.75", *QUIET, task=functions.half, runs_folder=tmp_path / "runs")
    assert (failed.state.value, failed.reason) == ("FAIL", "ValueError: x is too large")
    assert "in half" in (failed.folder / "log.txt").read_text()


def test_a_script_without_its_guard_is_told_and_starts_no_second_search(tmp_path: Path) -> None:
    script = """
import mnist_sweep as ms
def objective(config, trial):
    return {"loss": config["x"]}
study = ms.sweep("tracking=none", task=objective, space={"x": "interval(0.0,1.0)"}, n_trials=2)
"""
    (tmp_path / "my_script.py").write_text(script)
    done = subprocess.run([sys.executable, "my_script.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "put the call under `if __name__ == '__main__':`" in done.stderr
    assert not StudyFolder(tmp_path / "runs" / "objective").trials()
    guarded = script.replace("study = ", "if __name__ == '__main__':\n    study = ") + "    print(len(study.trials))\n"
    (tmp_path / "my_script.py").write_text(guarded)
    done = subprocess.run([sys.executable, "my_script.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("2\n", 0), done.stderr


def test_lines_are_printed_where_they_are_asked_for(tmp_path: Path, capsys, no_report: None) -> None:
    ms.sweep(*DRY, runs_folder=tmp_path, verbose=True)
    printed = capsys.readouterr().out
    assert "trial   2 COMPLETE" in printed or "trial   2 PRUNED" in printed
