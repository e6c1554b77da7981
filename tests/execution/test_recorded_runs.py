"""Jobs whose runs are recorded: each has its record and its state, however it ends."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hydra import compose

from mnist_sweep.config import TrialConfig, parse_trial
from mnist_sweep.config.compose import plain
from mnist_sweep.config.settings import TrackingConfig
from mnist_sweep.execution import InlineExecutor, Job
from mnist_sweep.execution.job_folder import folder_of
from mnist_sweep.execution.progress import Silent
from mnist_sweep.execution.recorded_runs import RecordedRuns, Shown
from mnist_sweep.execution.runner import run_jobs
from mnist_sweep.storage.run_record import RunDescription, RunKind, read_record
from mnist_sweep.storage.state import StateFile, TrialState, check_state
from mnist_sweep.tracking import Tracker
from mnist_sweep.tracking.run_recorder import RunRecorder


class Heard(Silent):
    """Progress that keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[tuple[Any, ...]] = []

    def warn(self, line: str) -> None:
        self.log.append(("warn", line))

    def started(self, number: int, what: Mapping[str, str], epochs: int) -> None:
        self.log.append(("started", number, dict(what), epochs))

    def epoch(self, number: int, row: Mapping[str, float]) -> None:
        self.log.append(("epoch", number, int(row["epoch"])))

    def ended(self, number: int, state: TrialState, text: str) -> None:
        self.log.append(("ended", number, state, text))

    def dropped(self, number: int) -> None:
        self.log.append(("dropped", number))


class Runs(RecordedRuns):
    """The runs of some jobs."""

    def __init__(self, jobs: list[Job], folder: Path) -> None:
        tracker = Tracker(TrackingConfig(False, None, "mine"), folder, pytest.fail)
        self.heard = Heard()
        super().__init__(RunRecorder(tracker), self.heard)
        self.jobs = iter(jobs)

    def next_job(self) -> Job | None:
        return next(self.jobs, None)

    def describe(self, job: Job) -> RunDescription:
        return RunDescription(
            kind=RunKind.TRAIN, name=f"mine-{job.number}", study="mine", folder=folder_of(job).path, command="x",
            started_by="x", config=job.config, data={"digest": "abc"}, executor="dry", trial=job.number,
        )  # fmt: skip

    def show(self, job: Job) -> Shown:
        return Shown({"run": str(job.number)}, int(job.config["train"]["epochs"]))

    def conclude(self, job: Job, result: Mapping[str, Any]) -> tuple[StateFile, str]:
        return StateFile(job.number, TrialState.COMPLETE), f"{result['epochs']} epochs"

    def fail(self, job: Job, reason: str) -> tuple[StateFile, str]:
        return StateFile(job.number, TrialState.FAIL, reason), "wrong"

    def leave(self, job: Job) -> StateFile:
        return StateFile(job.number, TrialState.RUNNING, "left")


@pytest.fixture
def config(hydra_conf: None) -> TrialConfig:
    return parse_trial(
        plain(compose("config", ["task=dry", "data=digits", "model=dnn", "model.units=[8]", "train.epochs=2"]))
    )


def job(config: TrialConfig, folder: Path, number: int, **train: Any) -> Job:
    content = config.plain()
    content["train"] |= train
    settings = {"allowed": [], "environment": {"command": "x"}, "data": {"train_images": 10}}
    return Job(number, "train", content, str(folder / str(number)), settings)


def test_a_run_is_recorded_from_its_beginning_to_its_end(config: TrialConfig, tmp_path: Path) -> None:
    good, bad = job(config, tmp_path, 0), job(config, tmp_path, 1, loss="no such loss")
    source = Runs([good, bad], tmp_path)
    assert run_jobs(InlineExecutor(), source, 1, source.heard) == 0
    assert [entry for entry in source.heard.log if entry[1] == 0] == [
        ("started", 0, {"run": "0"}, 2), ("epoch", 0, 1), ("epoch", 0, 2), ("ended", 0, "COMPLETE", "2 epochs"),
    ]  # fmt: skip
    assert ("ended", 1, "FAIL", "wrong") in source.heard.log
    assert source.failures == 1
    for one, state in ((good, TrialState.COMPLETE), (bad, TrialState.FAIL)):
        record, written = read_record(folder_of(one).record), check_state(folder_of(one).state)
        assert record.name == f"mine-{one.number}"
        assert written.state is state
        assert written.started == record.started <= written.ended
    assert "train.loss must be one of" in str(check_state(folder_of(bad).state).reason)


def test_a_run_that_is_left_is_interrupted_whatever_its_kind_says(config: TrialConfig, tmp_path: Path) -> None:
    one = job(config, tmp_path, 4)
    source = Runs([], tmp_path)
    folder_of(one).path.mkdir()
    source.submitted(one)
    source.interrupted(one)
    written = check_state(folder_of(one).state)
    assert (written.state, written.reason) == (TrialState.INTERRUPTED, "left")
    assert source.heard.log[-1] == ("dropped", 4)
    assert source.failures == 0


@pytest.mark.parametrize("goes_on", [True, False])
def test_only_a_run_that_the_next_call_goes_on_with_keeps_its_checkpoint(
    config: TrialConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, goes_on: bool
) -> None:
    monkeypatch.setattr(Runs, "goes_on", goes_on)
    one = job(config, tmp_path, 4)
    source = Runs([], tmp_path)
    folder_of(one).path.mkdir()
    folder_of(one).checkpoint.write_text("something")
    source.submitted(one)
    source.interrupted(one)
    assert folder_of(one).checkpoint.exists() == goes_on


def test_a_lost_run_has_not_ended(config: TrialConfig, tmp_path: Path) -> None:
    one = job(config, tmp_path, 4)
    source = Runs([], tmp_path)
    source.lost(one, "SIGKILL")
    assert source.heard.log == [("dropped", 4), ("warn", "run 4 was lost: SIGKILL; it is run again")]
    assert not folder_of(one).state.exists()


def test_a_started_job_ends_the_waiting_and_no_epoch_stops_one(config: TrialConfig, tmp_path: Path) -> None:
    one = job(config, tmp_path, 4)
    source = Runs([], tmp_path)
    source.heard.note = "starting TensorFlow"
    source.started(one)
    assert source.heard.note == ""
    assert source.epoch(one, {"epoch": 1, "val_accuracy": 0.0}) is False
