"""Several jobs at a time, on the dry executor and on one whose processes are killed."""

import os
import signal
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hydra import compose

from mnist_sweep.config import TrialConfig, parse_trial
from mnist_sweep.config.compose import plain
from mnist_sweep.execution import Done, DryExecutor, Epoch, Event, Failed, Job, LocalExecutor, Started, Trained
from mnist_sweep.execution.runner import RETRIES, processes, run_all
from mnist_sweep.tasks.image_classifier.data import describe


@pytest.fixture
def config(hydra_conf: None) -> TrialConfig:
    small = ["data=digits", "model=dnn", "model.units=[16]", "train.epochs=3"]
    return parse_trial(plain(compose("config", small)))


def jobs(config: TrialConfig, folder: Path, count: int) -> list[Job]:
    settings = {"allowed": [], "environment": {}, "data": {"train_images": 10}}
    return [Job(number, "train", config.plain(), str(folder / str(number)), settings) for number in range(count)]


def test_all_jobs_end_and_no_more_than_allowed_run_at_once(config: TrialConfig, tmp_path: Path) -> None:
    running: set[int] = set()
    most = 0
    ended = []
    for event in run_all(DryExecutor(), jobs(config, tmp_path, 5), 2, lambda: False):
        if isinstance(event, Job):
            running.add(event.number)
        elif isinstance(event, Done | Failed):
            running.remove(event.number)
            ended.append(event.number)
        most = max(most, len(running))
    assert sorted(ended) == [0, 1, 2, 3, 4]
    assert most == 2


class Writing(DryExecutor):
    """Says that each job has been trained, three calls before it is done."""

    def __init__(self) -> None:
        super().__init__()
        self.late: list[tuple[int, Event]] = []

    def events(self, timeout: float) -> list[Event]:
        found: list[Event] = []
        for event in super().events(timeout):
            if isinstance(event, Done):
                self.late.append((3, event))
                found.append(Trained(event.number))
            else:
                found.append(event)
        found += [event for count, event in self.late if not count]
        self.late = [(count - 1, event) for count, event in self.late if count]
        return found


def test_a_job_that_only_writes_its_files_keeps_no_worker_but_they_do_not_pile_up(
    config: TrialConfig, tmp_path: Path
) -> None:
    running: set[int] = set()
    training: set[int] = set()
    most = most_training = 0
    for event in run_all(Writing(), jobs(config, tmp_path, 9), 2, lambda: False):
        if isinstance(event, Job):
            running.add(event.number)
            training.add(event.number)
        elif isinstance(event, Trained):
            training.remove(event.number)
        elif isinstance(event, Done):
            running.remove(event.number)
        most, most_training = max(most, len(running)), max(most_training, len(training))
    assert (most, most_training) == (processes(2), 2) == (3, 2)


def test_once_stopped_nothing_starts_and_what_is_unfinished_is_not_given(config: TrialConfig, tmp_path: Path) -> None:
    given: list[Job | Event] = []
    stop = threading.Event()
    for event in run_all(DryExecutor(), jobs(config, tmp_path, 5), 2, stop.is_set):
        if isinstance(event, Epoch):
            stop.set()
        given.append(event)
    assert [event.number for event in given if isinstance(event, Job)] == [0, 1]
    assert not [event for event in given if isinstance(event, Done)]


class Killing(LocalExecutor):
    """Kills each process of job 0 as soon as it is at work, so many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def events(self, timeout: float) -> list[Event]:
        found = super().events(timeout)
        for event in found:
            if isinstance(event, Started) and event.number == 0 and self.times:
                self.times -= 1
                os.kill(self.jobs[0].process.pid or 0, signal.SIGKILL)
        return found


@pytest.mark.parametrize(("kills", "end"), [(RETRIES, Done), (RETRIES + 1, Failed)])
def test_a_lost_job_is_run_again_but_not_for_ever(config: TrialConfig, tmp_path: Path, kills: int, end: type) -> None:
    one = replace(config, train=replace(config.train, epochs=1))
    settings = {"allowed": [], "environment": {}, "data": describe(one.data).plain(), "keep_model": False}
    executor = Killing(kills)
    job = Job(0, "train", one.plain(), str(tmp_path / "0"), settings)
    try:
        ended = [e for e in run_all(executor, [job], 1, lambda: False) if isinstance(e, Done | Failed)]
    finally:
        executor.close()
    assert [type(event) for event in ended] == [end]
