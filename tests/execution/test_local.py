"""The executor with real processes; one fork server serves the whole test session."""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from mnist_sweep.config import Component, DataConfig, Split, UserError
from mnist_sweep.config.image_classifier import ImageClassifierConfig
from mnist_sweep.config.kernels import VARIABLE, Kernels
from mnist_sweep.config.schema import TrainConfig
from mnist_sweep.execution import Done, Epoch, Event, Failed, Job, LocalExecutor, Started, Trained
from mnist_sweep.execution.executor import Saved
from mnist_sweep.files import read_json
from mnist_sweep.storage.folders import TrialFolder
from mnist_sweep.storage.usage import read_usage
from mnist_sweep.tasks import ImageClassifier
from mnist_sweep.tasks.image_classifier.data import describe

CONFIG = ImageClassifierConfig(
    DataConfig(Component("mnist_sweep.data.digits", {}), Split("digits", "split", 360, 0)),
    Component("mnist_sweep.models.dnn", {"units": [8], "dropout": 0.0}),
    Component("keras.optimizers.Adam", {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}),
    TrainConfig(3, 64, "sparse_categorical_crossentropy", "float32", None),
    0,
)


def job(folder: Path, number: int = 0, **train: object) -> Job:
    plain = CONFIG.plain()
    plain["train"] |= train
    settings = {"allowed": [], "data": describe(CONFIG.data).plain(), "environment": {}, "keep_model": False}
    return Job(number, "train", plain, str(folder / str(number)), settings)


@pytest.fixture
def executor():
    local = LocalExecutor(preload=ImageClassifier.traits.preload)
    yield local
    local.close()


def until_the_end(executor: LocalExecutor, seconds: float = 120) -> list[Event]:
    events: list[Event] = []
    end = time.monotonic() + seconds
    while executor.jobs and time.monotonic() < end:
        events += executor.events(0.2)
    return events


def test_a_job_starts_reports_its_epochs_and_is_done(executor: LocalExecutor, tmp_path: Path) -> None:
    executor.submit(job(tmp_path))
    events = [event for event in until_the_end(executor) if not isinstance(event, Saved)]  # by how long an epoch took
    assert [type(event) for event in events] == [Started, Epoch, Epoch, Epoch, Trained, Done]
    assert [event.row["epoch"] for event in events if isinstance(event, Epoch)] == [1, 2, 3]
    assert events[-1].result["stopped"] is False
    usage = read_usage(TrialFolder(tmp_path / "0"))
    assert usage is not None
    assert usage.cpu_seconds > 0
    assert 50 < usage.peak_memory_megabytes < 5000


def test_two_jobs_at_once_give_the_same_bits(executor: LocalExecutor, tmp_path: Path) -> None:
    executor.submit(job(tmp_path, 0))
    executor.submit(job(tmp_path, 1))
    done = [event for event in until_the_end(executor) if isinstance(event, Done)]
    assert len(done) == 2
    assert done[0].result["weights_digest"] == done[1].result["weights_digest"]


def test_a_job_gets_the_kernels_that_it_wants(executor: LocalExecutor, tmp_path: Path) -> None:
    for number, kernels in enumerate((Kernels.EIGEN, Kernels.ONEDNN)):
        executor.submit(replace(job(tmp_path, number), kernels=kernels))
    assert sum(isinstance(event, Done) for event in until_the_end(executor)) == 2
    found = [read_json(tmp_path / str(number) / "environment.json")["kernels"] for number in range(2)]
    assert found == ["Eigen", "oneDNN"]


def test_a_wrong_variable_is_refused_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "2")
    with pytest.raises(UserError, match="TF_ENABLE_ONEDNN_OPTS must be 0 or 1, got 2"):
        LocalExecutor(preload=ImageClassifier.traits.preload)


def test_a_job_stops_when_it_is_told(executor: LocalExecutor, tmp_path: Path) -> None:
    executor.submit(job(tmp_path, epochs=2000))
    events: list[Event] = []
    while not any(isinstance(event, Epoch) for event in events):
        events += executor.events(0.2)
    executor.stop(0)
    events += until_the_end(executor)
    assert isinstance(events[-1], Done)
    assert events[-1].result["stopped"] is True
    assert events[-1].result["epochs"] == sum(isinstance(event, Epoch) for event in events) < 2000


@pytest.mark.parametrize(
    ("number", "name", "cause"),
    [(signal.SIGKILL, "SIGKILL", "lost"), (signal.SIGSEGV, "SIGSEGV", "error"), (signal.SIGABRT, "SIGABRT", "error")],
)
def test_a_killed_job_is_lost_and_one_that_crashes_is_wrong(
    executor: LocalExecutor, tmp_path: Path, number: signal.Signals, name: str, cause: str
) -> None:
    executor.submit(job(tmp_path, epochs=2000))
    events: list[Event] = []
    while not any(isinstance(event, Epoch) for event in events):
        events += executor.events(0.2)
    os.kill(executor.jobs[0].process.pid, number)
    events += until_the_end(executor)
    assert isinstance(events[-1], Failed)
    assert events[-1].cause == cause
    assert name in events[-1].reason
    assert cause == "lost" or "Fatal Python error" in (tmp_path / "0/log.txt").read_text()


def test_a_job_that_raises_says_why_and_keeps_the_traceback(executor: LocalExecutor, tmp_path: Path) -> None:
    executor.submit(job(tmp_path, loss="no such loss"))
    ended = until_the_end(executor)[-1]
    assert isinstance(ended, Failed)
    assert ended.cause == "error"
    assert ended.reason.startswith("train.loss must be one of")
    assert "Traceback" in (tmp_path / "0/log.txt").read_text()


def test_close_leaves_no_process(tmp_path: Path) -> None:
    local = LocalExecutor(preload=ImageClassifier.traits.preload)
    local.submit(job(tmp_path, epochs=2000))
    while not any(isinstance(event, Epoch) for event in local.events(0.2)):
        pass
    pid = local.jobs[0].process.pid
    local.close()
    assert not psutil.pid_exists(pid)


def test_what_a_job_has_started_and_left_behind_ends_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "leaving.py").write_text(
        "import subprocess\n\n\ndef objective(config, trial):\n"
        "    (trial.folder / 'pid').write_text(str(subprocess.Popen(['sleep', '600']).pid))\n"
        "    return {'loss': 1.0}\n"
    )
    monkeypatch.chdir(tmp_path)
    config = {"task": {"_target_": "mnist_sweep.tasks.Function", "function": "leaving.objective", "metrics": None},
              "params": {}, "study": {"seed": 0}}  # fmt: skip
    executor = LocalExecutor()
    settings = {"allowed": ["leaving"], "data": {}, "environment": {}}
    executor.submit(Job(0, "train", config, str(tmp_path / "0"), settings))
    try:
        assert isinstance(until_the_end(executor)[-1], Done)
    finally:
        executor.close()
    left = int((tmp_path / "0/pid").read_text())
    end = time.monotonic() + 30
    while psutil.pid_exists(left) and psutil.Process(left).status() != "zombie" and time.monotonic() < end:
        time.sleep(0.05)
    assert not psutil.pid_exists(left) or psutil.Process(left).status() == "zombie"
