"""What a sweep does when it is stopped, starved, damaged or changed."""

import contextlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from mnist_sweep.cli.main import run
from mnist_sweep.storage.folders import StudyFolder

pytestmark = pytest.mark.usefixtures("no_report")

SMALL = ["data=digits", "model=dnn", "model.units=[16]", "train.epochs=3", "train.batch_size=64", "tracking=none",
         "model.dropout=interval(0.0,0.5)"]  # fmt: skip
DRY = [*SMALL, "task=dry"]
LONG = "train.epochs=5000"


def sweep(folder: Path, *overrides: str) -> int:
    return run(["sweep", f"runs_folder={folder}", *overrides])


def start(folder: Path, *overrides: str, **more: object) -> subprocess.Popen:
    command = [sys.executable, "-m", "mnist_sweep", "sweep", f"runs_folder={folder}", *overrides]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def until(condition, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def study_of(folder: Path, name: str = "dnn-digits") -> StudyFolder:
    return StudyFolder(folder / name)


def trials_of(study: StudyFolder) -> list[optuna.trial.FrozenTrial]:
    storage = JournalStorage(JournalFileBackend(str(study.journal)))
    return optuna.load_study(study_name=study.name, storage=storage).trials


def summary(study: StudyFolder) -> dict:
    return json.loads(study.summary.read_text())


def state(study: StudyFolder, number: int) -> dict:
    return json.loads(study.trial(number).state.read_text())


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow)]
)
def test_a_sweep_that_is_asked_to_stop_leaves_its_trials_for_the_next_call(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    study = study_of(tmp_path)
    driver = start(tmp_path, *SMALL, LONG, "search.n_trials=2", "runtime.workers=1")
    until(lambda: len(study.trial(0).rows()) > 2)
    driver.send_signal(number)
    out, error = driver.communicate(timeout=60)
    assert driver.returncode == code
    assert "the running trials stop within a few batches" in error
    assert "Run the same command to go on" in out
    assert state(study, 0)["state"] == "INTERRUPTED"
    assert [trial.state.name for trial in trials_of(study)] == ["RUNNING"]
    assert study.trial(0).predictions.exists(), "it was not stopped, but killed"


@pytest.mark.slow
def test_a_second_ctrl_c_stops_at_once(tmp_path: Path) -> None:
    study = study_of(tmp_path)
    driver = start(tmp_path, *SMALL, LONG, "search.n_trials=2", "runtime.workers=1")
    until(lambda: len(study.trial(0).rows()) > 2)
    driver.send_signal(signal.SIGINT)
    time.sleep(0.05)
    driver.send_signal(signal.SIGINT)
    driver.communicate(timeout=30)
    assert driver.returncode == 130
    assert state(study, 0)["state"] == "INTERRUPTED"


def test_a_study_that_was_renamed_goes_on(tmp_path: Path) -> None:
    assert sweep(tmp_path, *DRY, "study.name=first", "search.n_trials=3") == 0
    (tmp_path / "first").rename(tmp_path / "second")
    study = StudyFolder(tmp_path / "second")
    before = [trial.history.read_text() for trial in study.trials()]
    assert sweep(tmp_path, *DRY, "study.name=second", "search.n_trials=5") == 0
    assert [trial.history.read_text() for trial in study.trials()][:3] == before
    assert len(list(study.trials())) == 5


def test_a_second_driver_is_told_who_holds_the_study(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = study_of(tmp_path)
    driver = start(tmp_path, *SMALL, LONG, "search.n_trials=1")
    try:
        until(study.driver.exists)
        until(study.journal.exists)
        assert sweep(tmp_path, *SMALL, LONG, "search.n_trials=1") == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert f"pid {driver.pid}" in error
        assert f"host {os.uname().nodename}" in error
        assert "since 20" in error
    finally:
        driver.kill()
        driver.communicate()
    until(study.driver.exists)  # it could not take its note away, and that blocks nobody
    assert sweep(tmp_path, *DRY, "search.n_trials=1", "study.name=another") == 0
    assert run(["sync", f"runs_folder={tmp_path}", "study=dnn-digits"]) == 0


def test_a_torn_journal_is_mended_and_nothing_else_is_lost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = study_of(tmp_path)
    assert sweep(tmp_path, *DRY, "search.n_trials=4") == 0
    before = [trial.params for trial in trials_of(study)]
    whole = study.journal.read_bytes()
    study.journal.write_bytes(whole + whole.splitlines()[-1][:20] + b"\0\0\0")
    capsys.readouterr()
    assert sweep(tmp_path, *DRY, "search.n_trials=6") == 0
    assert "was truncated" in capsys.readouterr().err
    assert [trial.params for trial in trials_of(study)][:4] == before
    assert sum(summary(study)["states"].values()) == 6


def test_a_journal_that_lost_the_end_of_its_last_trial_runs_that_again(tmp_path: Path) -> None:
    study = study_of(tmp_path)
    assert sweep(tmp_path, *DRY, "search.n_trials=4") == 0
    before = [trial.params for trial in trials_of(study)]
    study.journal.write_bytes(study.journal.read_bytes()[:-7])
    assert sweep(tmp_path, *DRY, "search.n_trials=4") == 0
    assert [trial.params for trial in trials_of(study)] == before
    assert all(trial.state.is_finished() for trial in trials_of(study))


def test_a_torn_file_stops_no_sweep(tmp_path: Path) -> None:
    study = study_of(tmp_path)
    names = ["summary.json", "best.yaml", "record.json", "README.md", "trials/0001/state.json",
             "trials/0001/metrics.json", "trials/0000/environment.json", "trials/0001/record.json"]  # fmt: skip
    assert sweep(tmp_path, *DRY, "search.n_trials=2") == 0
    for count, size in enumerate((0, 10), 3):
        for name in names:
            (study.path / name).write_bytes((study.path / name).read_bytes()[:size])
        assert sweep(tmp_path, *DRY, f"search.n_trials={count}") == 0
        assert sum(summary(study)["states"].values()) == count
        assert state(study, 1)["state"] == trials_of(study)[1].state.name
        assert "data:" in study.best.read_text()


def test_a_trial_that_takes_too_long_fails_with_where_it_was(tmp_path: Path) -> None:
    study = study_of(tmp_path)
    assert sweep(tmp_path, *SMALL, LONG, "search.n_trials=1", "runtime.trial_timeout=2", "search.max_failures=1") == 1
    assert state(study, 0)["reason"] == "it took longer than runtime.trial_timeout=2s"
    assert "Fatal Python error: Aborted" in study.trial(0).log.read_text()
    assert trials_of(study)[0].state.name == "FAIL"


OWN = """
import time
import numpy as np

def greedy(image, classes, *, how):
    import keras
    if how == "memory":
        hoard = [np.ones(5_000_000) for _ in range(100) if time.sleep(0.02) is None]
    if how == "segfault":
        import ctypes
        ctypes.string_at(0)
    if how == "exit":
        import os
        os._exit(3)
    if how == "hang":
        time.sleep(600)
    if how == "raise":
        raise ZeroDivisionError("on purpose")
    return keras.Sequential([keras.Input(image), keras.layers.Flatten(), keras.layers.Dense(classes, "softmax")])
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A model that misbehaves as it is told, and what makes it known."""
    (tmp_path / "own.py").write_text(OWN)
    (tmp_path / "conf/model").mkdir(parents=True)
    (tmp_path / "conf/model/greedy.yaml").write_text("_target_: own.greedy\nhow: well\n")
    return ["--config-dir", "conf", "model=greedy", "runtime.allowed_targets=[own]", "data=digits", "train.epochs=1",
            "tracking=none", "runtime.memory_limit=1.5GB", "runtime.trial_timeout=20"]  # fmt: skip


def test_failures_are_contained_and_told(tmp_path: Path, own: list[str]) -> None:
    ways = ("memory", "segfault", "exit", "raise")
    command = [sys.executable, "-m", "mnist_sweep", "train", "--multirun", *own, f"model.how={','.join(ways)}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    reasons = dict(zip(ways, re.findall("Failed: (.*)", done.stdout), strict=True))
    assert re.search(r"used 1\.\d+ GB of memory, more than runtime.memory_limit=1.5GB", reasons["memory"])
    assert reasons["segfault"].startswith("its process crashed (SIGSEGV)")
    assert reasons["exit"].startswith("its process ended with exit code 3")
    assert reasons["raise"].startswith("ZeroDivisionError: on purpose")
    logs = [StudyFolder(tmp_path / "runs/train").trial(number).log.read_text() for number in range(4)]
    assert "Fatal Python error: Aborted" in logs[0]
    assert "Fatal Python error: Segmentation fault" in logs[1]
    assert "ZeroDivisionError: on purpose" in logs[3]


def test_a_sweep_that_fails_too_often_says_what_its_trials_have_in_common(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = sweep(tmp_path, "data=digits", "model=dnn", "model.units=[16]", "train.epochs=1", "tracking=none",
                 "optimizer=sgd", "search=default", "optimizer.learning_rate=interval(1e29,1e30)", "runtime.workers=1",
                 "search.n_trials=9", "search.max_failures=3")  # fmt: skip
    assert code == 1
    out = capsys.readouterr().out
    assert "the last 3 trials have failed, all because: loss became" in out
    assert "optimizer.learning_rate from" in out
    assert "(0.01 to 0.01 in those that did not)" in out


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: float) -> Iterator[Path]:
    """A file system of a few megabytes; skips where none can be mounted."""
    folder.mkdir()
    size = int(megabytes * 1e6)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True,
                          check=False) if shutil.which("mount") else None  # fmt: skip
    if done is None or done.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=False)


def check_stopped_cleanly(driver: subprocess.Popen) -> None:
    _, error = driver.communicate(timeout=200)
    assert driver.returncode == 3, error
    assert error.splitlines()[-1].startswith("error: the disk of ")
    assert "run the same command to go on" in error
    assert "Traceback" not in error


def check_readable(study: StudyFolder) -> None:
    for trial in study.trials():
        for file in trial.path.glob("*.json"):
            json.loads(file.read_text())
        assert not list(trial.path.glob(".*"))
    json.loads(study.summary.read_text())


@pytest.mark.slow
def test_a_full_disk_stops_a_sweep_cleanly(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 4) as disk:
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(3_300_000))
        check_stopped_cleanly(start(disk / "runs", *SMALL, "search.n_trials=8"))
        study = study_of(disk / "runs")
        check_readable(study)
        ended = {trial.path.name: trial.state.read_bytes() for trial in study.trials() if trial.state.exists()}
        ballast.unlink()
        assert sweep(disk / "runs", *SMALL, "search.n_trials=8", "study.keep_models=0") == 0
        assert sum(summary(study)["states"].values()) == 8
        for name, before in ended.items():
            if json.loads(before)["state"] in ("COMPLETE", "PRUNED"):
                assert (study.path / "trials" / name / "state.json").read_bytes() == before


def test_a_quota_that_is_used_up_stops_a_sweep_cleanly(tmp_path: Path) -> None:
    """The journal may not grow beyond a size."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))

    check_stopped_cleanly(start(tmp_path, *DRY, "search.n_trials=400", preexec_fn=limit))
    study = study_of(tmp_path)
    ended = sum(trial.state.is_finished() for trial in trials_of(study))
    assert 0 < ended < 400
    assert sweep(tmp_path, *DRY, f"search.n_trials={ended + 3}") == 0
    assert sum(summary(study)["states"].values()) == ended + 3


def test_a_fork_takes_over_the_trials_that_still_fit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sweep(tmp_path, *DRY, "search.n_trials=12") == 0
    narrower = [*DRY[:-2], "model.dropout=interval(0.0,0.15)", "task=dry", "search.n_trials=14"]
    capsys.readouterr()
    assert sweep(tmp_path, *narrower) == 2
    error = capsys.readouterr().err
    assert "search.space.model.dropout: interval(0.0,0.5) -> interval(0.0,0.15)" in error
    assert "study.name=... for a new study, study.fork=true" in error
    old, new = study_of(tmp_path), study_of(tmp_path, "dnn-digits-2")
    before = {path: path.read_bytes() for path in old.path.rglob("*") if path.is_file()}
    assert sweep(tmp_path, *narrower, "study.fork=true") == 0
    assert {path: path.read_bytes() for path in old.path.rglob("*") if path.is_file()} == before
    fitting = [t for t in trials_of(old) if t.number == 0 or t.params["model.dropout"] <= 0.15]
    assert 1 < len(fitting) < 12, "the seed gives nothing to tell apart"
    taken = trials_of(new)[: len(fitting)]
    assert [t.params for t in taken] == [t.params for t in fitting]
    assert [t.value for t in taken] == [t.value for t in fitting]
    assert [t.intermediate_values for t in taken] == [t.intermediate_values for t in fitting]
    assert state(new, 1)["forked_from"] == f"dnn-digits-{fitting[1].number:04d}"
    assert len(trials_of(new)) == 14
    journal = new.journal.read_bytes()
    assert sweep(tmp_path, *narrower, "study.fork=true") == 0
    assert new.journal.read_bytes() == journal
    assert not (tmp_path / "dnn-digits-3").exists()


def test_a_fork_under_another_metric_takes_the_values_of_that_metric(tmp_path: Path) -> None:
    assert sweep(tmp_path, *DRY, "search.n_trials=4", "pruner=none") == 0
    assert sweep(tmp_path, *DRY, "search.n_trials=4", "pruner=none", "search.metric=val_loss", "study.fork=true") == 0
    new = study_of(tmp_path, "dnn-digits-2")
    assert summary(new)["metric"] == ["val_loss"]
    for trial in trials_of(new):
        assert trial.value == json.loads(new.trial(trial.number).metrics.read_text())["val_loss"]


def test_a_fork_whose_baseline_is_new_runs_it_as_trial_0(tmp_path: Path) -> None:
    assert sweep(tmp_path, *DRY, "search.n_trials=4") == 0
    changed = [*DRY, "optimizer.beta_1=0.8", "search.n_trials=2"]
    assert sweep(tmp_path, *changed, "study.fork=true") == 0
    new = study_of(tmp_path, "dnn-digits-2")
    assert "forked_from" not in state(new, 0)
    assert state(new, 0)["retries"] == 0
    assert len(trials_of(new)) == 2


def test_other_images_in_the_same_place_are_another_study(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import numpy as np

    def write(seed: int) -> None:
        draw = np.random.default_rng(seed)
        images, labels = draw.integers(0, 255, (300, 8, 8), np.uint8), (np.arange(300) % 3).astype(np.uint8)
        np.savez(tmp_path / "own.npz", x_train=images, y_train=labels, x_test=images[:30], y_test=labels[:30])

    mine = ["data=file", f"data.path={tmp_path / 'own.npz'}", "data.validation_size=30", *DRY[1:]]
    write(0)
    assert sweep(tmp_path, *mine, "search.n_trials=1") == 0
    write(1)
    assert sweep(tmp_path, *mine, "search.n_trials=2") == 2
    assert "data_digest:" in capsys.readouterr().err


@pytest.mark.parametrize(
    "change", ["search.n_trials=3", "search.timeout=600", "runtime.workers=1", "runtime.memory_limit=4GB",
               "runtime.trial_timeout=600", "study.keep_models=0", "search.target=0.99"],
)  # fmt: skip
def test_budget_and_workers_are_no_change(tmp_path: Path, change: str) -> None:
    assert sweep(tmp_path, *DRY, "search.n_trials=2") == 0
    assert sweep(tmp_path, *DRY, "search.n_trials=2", change) == 0


def test_a_dry_study_is_never_gone_on_with_for_real(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sweep(tmp_path, *DRY, "search.n_trials=1") == 0
    assert sweep(tmp_path, *SMALL, "search.n_trials=2") == 2
    assert "task._target_: mnist_sweep.tasks.Dry -> mnist_sweep.tasks.ImageClassifier" in capsys.readouterr().err
