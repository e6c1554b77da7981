"""Several jobs at a time, on the dry executor and on one whose processes are killed."""

import errno
import os
import signal
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hydra import compose

from mnist_sweep.config import TrialConfig, Unavailable, parse_trial
from mnist_sweep.config.compose import plain
from mnist_sweep.execution import (
    Done,
    Epoch,
    Event,
    Failed,
    InlineExecutor,
    Job,
    LocalExecutor,
    NodeStatus,
    Notice,
    Started,
    Trained,
)
from mnist_sweep.execution.interrupts import Interrupts
from mnist_sweep.execution.progress import Silent
from mnist_sweep.execution.runner import RETRIES, STARTS, Runner, at_capacity, processes, run_jobs
from mnist_sweep.files import read_json
from mnist_sweep.storage.folders import TrialFolder
from mnist_sweep.tasks.image_classifier.data import describe

pytestmark = pytest.mark.usefixtures("no_report")


@pytest.fixture
def config(hydra_conf: None) -> TrialConfig:
    small = ["task=dry", "data=digits", "model=dnn", "model.units=[16]", "train.epochs=3"]
    return parse_trial(plain(compose("config", small)))


def jobs(config: TrialConfig, folder: Path, count: int) -> list[Job]:
    settings = {"allowed": [], "environment": {"command": "x"}, "data": {"train_images": 10}}
    return [Job(number, "train", config.plain(), str(folder / str(number)), settings) for number in range(count)]


class Source:
    """Some jobs, and the log of what becomes of them."""

    def __init__(self, waiting: Iterable[Job], stop_after: int | None = None) -> None:
        self.waiting = iter(waiting)
        self.stop_after = stop_after
        self.log: list[tuple[str, int]] = []
        self.reasons: list[str] = []
        self.running: set[int] = set()
        self.training: set[int] = set()
        self.most = self.most_training = 0

    def next_job(self) -> Job | None:
        return next(self.waiting, None)

    def submitted(self, job: Job) -> None:
        self.log.append(("submitted", job.number))
        self.running.add(job.number)
        self.training.add(job.number)
        self.most, self.most_training = max(self.most, len(self.running)), max(self.most_training, len(self.training))

    def started(self, job: Job) -> None:
        self.log.append(("started", job.number))

    def epoch(self, job: Job, row: Any) -> bool:
        self.log.append(("epoch", job.number))
        return self.stop_after is not None and row["epoch"] >= self.stop_after

    def trained(self, job: Job) -> None:
        self.training.discard(job.number)

    def _end(self, what: str, job: Job) -> None:
        self.log.append((what, job.number))
        self.running.discard(job.number)
        self.training.discard(job.number)

    def done(self, job: Job, result: dict[str, Any]) -> None:
        self._end("stopped" if result["stopped"] else "done", job)

    def failed(self, job: Job, reason: str) -> None:
        self._end("failed", job)
        self.reasons.append(reason)

    def lost(self, job: Job, reason: str) -> None:
        assert reason
        self._end("lost", job)

    def interrupted(self, job: Job) -> None:
        self._end("interrupted", job)

    def of(self, *kinds: str) -> list[tuple[str, int]]:
        return [entry for entry in self.log if entry[0] in kinds]


def run(executor: Any, source: Source, at_once: int = 2) -> int:
    return run_jobs(executor, source, at_once, Silent())


def test_all_jobs_end_and_no_more_than_allowed_run_at_once(config: TrialConfig, tmp_path: Path) -> None:
    source = Source(jobs(config, tmp_path, 5))
    assert run(InlineExecutor(), source) == 0
    assert sorted(number for _, number in source.of("done")) == [0, 1, 2, 3, 4]
    assert source.most == 2


def test_a_jobs_folder_has_its_configuration_and_nothing_of_an_earlier_try(config: TrialConfig, tmp_path: Path) -> None:
    (tmp_path / "0").mkdir()
    for name in ("history.csv", "mlflow.json", "model.keras"):
        (tmp_path / "0" / name).write_text("earlier")
    (job,) = jobs(config, tmp_path, 1)
    run(InlineExecutor(), Source([replace(job, overrides=["model=dnn"])]))
    assert (tmp_path / "0/overrides.yaml").read_text() == "- model=dnn\n"
    assert (tmp_path / "0/mlflow.json").read_text() == "earlier"  # names its run
    assert not (tmp_path / "0/model.keras").exists()
    assert (tmp_path / "0/config.yaml").read_text().startswith("# x\n")


class Writing(InlineExecutor):
    """Reports that each job has been trained, three calls before it is done."""

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
    source = Source(jobs(config, tmp_path, 9))
    run(Writing(), source)
    assert (source.most, source.most_training) == (processes(2), 2) == (3, 2)


@pytest.mark.parametrize(
    ("active", "writing", "at_once", "full"),
    [(0, 0, 1, False), (1, 0, 1, True), (1, 1, 1, False), (2, 1, 1, True), (2, 2, 1, True), (5, 2, 4, False)],
)
def test_capacity(active: int, writing: int, at_once: int, full: bool) -> None:
    assert at_capacity(active, writing, at_once) == full


class Shrinking(InlineExecutor):
    """Has fewer slots from the first job on, and says so."""

    def events(self, timeout: float) -> list[Event]:
        found = super().events(timeout)
        if self.slots > 1:
            self.slots = 1
            found.append(Notice("a node was lost"))
            self.nodes = (NodeStatus("a", 1, (0,), 0.5, 0, "x"),)
        return [replace(event, node="a") if isinstance(event, Started) else event for event in found]


def test_no_more_run_than_there_are_slots_and_what_nodes_do_is_shown(config: TrialConfig, tmp_path: Path) -> None:
    class Heard(Silent):
        said: list[object] = []

        def warn(self, line: str) -> None:
            self.said.append(line)

        def placed(self, number: int, node: str) -> None:
            self.said.append((number, node))

        def nodes(self, nodes: Sequence[NodeStatus]) -> None:
            self.said += nodes

    source = Source(jobs(config, tmp_path, 5))
    assert run_jobs(Shrinking(slots=2), source, 9, Heard()) == 0
    assert source.most == 2
    late = source.log[source.log.index(("submitted", 2)) :]
    running = 0
    for what, _ in late:
        running += {"submitted": 1, "done": -1}.get(what, 0)
        assert running <= 1
    assert Heard.said[:4] == [(0, "a"), (1, "a"), "a node was lost", NodeStatus("a", 1, (0,), 0.5, 0, "x")]


class Signalling(InlineExecutor):
    """Sends Ctrl-C so many times at the first epoch."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def events(self, timeout: float) -> list[Event]:
        found = super().events(timeout)
        if any(not isinstance(event, Started) for event in found):
            for _ in range(self.times):
                os.kill(os.getpid(), signal.SIGINT)
            self.times = 0
        return found


@pytest.mark.parametrize("times", [1, 2])
def test_once_interrupted_nothing_starts_and_what_runs_is_left(config: TrialConfig, tmp_path: Path, times: int) -> None:
    source = Source(jobs(config, tmp_path, 5))
    assert run(Signalling(times), source) == 130
    assert source.of("submitted") == [("submitted", 0), ("submitted", 1)]
    assert sorted(source.of("interrupted")) == [("interrupted", 0), ("interrupted", 1)]
    assert not source.of("done", "stopped", "failed")


def test_a_job_that_its_source_stops_is_done_not_interrupted(config: TrialConfig, tmp_path: Path) -> None:
    source = Source(jobs(config, tmp_path, 2), stop_after=1)
    assert run(InlineExecutor(), source) == 0
    assert source.of("done", "stopped", "interrupted") == [("stopped", 0), ("stopped", 1)]
    assert len(source.of("epoch")) == 2


def test_a_job_that_was_lost_after_it_was_to_be_stopped_is_left_by_an_interrupt(
    config: TrialConfig, tmp_path: Path
) -> None:
    source = Source(jobs(config, tmp_path, 1), stop_after=1)
    runner = Runner(InlineExecutor(), source, 1, None)
    runner._fill()
    runner._handle(Epoch(0, {"epoch": 1}), Silent())
    runner._handle(Failed(0, "killed", "lost"), Silent())
    runner._fill()
    runner._stop(Silent())
    runner._handle(Done(0, {"stopped": True, "epochs": 0}), Silent())
    assert source.of("lost", "stopped", "interrupted") == [("lost", 0), ("interrupted", 0)]


class Killing(LocalExecutor):
    """Kills each process of job 0 so many times: as soon as it runs, or at its first epoch."""

    def __init__(self, times: int, kind: type) -> None:
        super().__init__()
        self.times = times
        self.kind = kind

    def events(self, timeout: float) -> list[Event]:
        found = super().events(timeout)
        for event in found:
            if isinstance(event, self.kind) and event.number == 0 and self.times:
                self.times -= 1
                os.kill(self.jobs[0].process.pid or 0, signal.SIGKILL)
        return found


@pytest.mark.parametrize(("kills", "end"), [(STARTS - 1, "done"), (STARTS, "failed")])
def test_a_job_that_is_lost_before_it_trains_is_run_again_but_not_for_ever(
    config: TrialConfig, tmp_path: Path, kills: int, end: str
) -> None:
    one = replace(config, train=replace(config.train, epochs=1))
    settings = {"allowed": [], "environment": {"command": "x"}, "data": describe(one.data).plain(), "keep_model": False}
    source = Source([Job(0, "train", one.plain(), str(tmp_path / "0"), settings)])
    run(Killing(kills, Started), source, 1)
    assert source.of("done", "failed") == [(end, 0)]


SAVING = """
import os, signal, random
from pathlib import Path


def objective(config, trial):
    saved = trial.resumed()
    total = float(saved["total"]) if saved else 0.0
    for epoch in range(trial.last_epoch + 1, 5):
        lost = Path(config["folder"], str(epoch))
        if config["lost_in"] == epoch and not lost.exists():
            lost.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        total += random.random()
        (trial.add_file("epochs.txt")).open("a").write(f"{epoch}\\n")
        trial.report(epoch, total=total)
        trial.checkpoint(epoch, {"total": repr(total).encode()})
    return {"size": 3}
"""


@pytest.mark.parametrize("epoch", [1, 2, 4])
def test_a_job_that_is_lost_goes_on_after_its_checkpoint(
    hydra_conf: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, epoch: int
) -> None:
    (tmp_path / "saving_function.py").write_text(SAVING)
    monkeypatch.syspath_prepend(str(tmp_path))
    settings = {"allowed": ["saving_function"], "environment": {"command": "x"}, "data": {}}

    def trained(lost_in: int) -> tuple[Source, TrialFolder, list[float]]:
        given = ["task=function", "task.function=saving_function.objective", f"+params.folder={tmp_path}",
                 f"+params.lost_in={epoch}"]  # fmt: skip
        if not lost_in:
            (tmp_path / str(epoch)).touch()
        one = parse_trial(plain(compose("config", given)), ["saving_function"])
        job = Job(0, "train", one.plain(), str(tmp_path / f"trial-{lost_in}"), settings)
        source = Source([job])
        assert run(LocalExecutor(), source, 1) == 0
        folder = TrialFolder(Path(job.folder))
        return source, folder, [row["total"] for row in folder.rows()]

    source, folder, totals = trained(epoch)
    assert source.of("lost", "done", "failed") == [("lost", 0), ("done", 0)]
    assert len(source.of("epoch")) == 4 + epoch - 1
    said = f"goes on after epoch {epoch - 1}, from its checkpoint\n" if epoch > 1 else ""
    assert folder.log.read_text() == said
    assert (folder.path / "epochs.txt").read_text() == "1\n2\n3\n4\n"
    assert not folder.checkpoint.exists()
    _, undisturbed, expected = trained(0)
    assert totals == expected
    assert read_json(folder.environment).get("resumed_after") == (epoch - 1 or None)
    digests = {read_json(one.environment)["weights_digest"] for one in (folder, undisturbed)}
    assert len(digests) == 1


class Losing(InlineExecutor):
    """Loses every job at its first epoch."""

    def events(self, timeout: float) -> list[Event]:
        found: list[Event] = []
        for event in super().events(timeout):
            if isinstance(event, Started):
                found.append(event)
            elif event.number in self.jobs:
                self.jobs.pop(event.number)
                found.append(Failed(event.number, "killed", "lost"))
        return found


def test_a_job_that_is_lost_while_it_trains_is_run_again_twice_at_most(config: TrialConfig, tmp_path: Path) -> None:
    source = Source(jobs(config, tmp_path, 1))
    run(Losing(), source)
    assert source.of("lost", "failed") == [("lost", 0)] * RETRIES + [("failed", 0)]
    assert source.reasons == [f"killed, after {RETRIES} retries"]


def test_a_job_that_was_lost_too_often_before_is_not_run(config: TrialConfig, tmp_path: Path) -> None:
    (job,) = jobs(config, tmp_path, 1)
    source = Source([replace(job, retries=RETRIES + 1)])
    run(InlineExecutor(), source)
    assert source.log == [("failed", 0)]


def test_a_job_that_was_handed_back_is_run_again_and_that_is_no_retry(config: TrialConfig, tmp_path: Path) -> None:
    class HandingBack(Losing):
        times = RETRIES + 2

        def events(self, timeout: float) -> list[Event]:
            found = InlineExecutor.events(self, timeout) if not self.times else super().events(timeout)
            self.times -= any(isinstance(event, Failed) for event in found)
            return [replace(event, cause="returned") if isinstance(event, Failed) else event for event in found]

    source = Source(jobs(config, tmp_path, 1))
    assert run(HandingBack(), source) == 0
    assert source.of("lost", "done", "failed") == [("lost", 0)] * (RETRIES + 2) + [("done", 0)]


class Ending(InlineExecutor):
    """Fails the first job for a given cause."""

    def __init__(self, cause: Any) -> None:
        super().__init__()
        self.cause = cause

    def events(self, timeout: float) -> list[Event]:
        events: Sequence[Event] = super().events(timeout)
        return [Failed(event.number, "no space", self.cause) if event.number == 0 else event for event in events][:1]


def test_a_full_disk_ends_everything_and_leaves_what_ran(config: TrialConfig, tmp_path: Path) -> None:
    source = Source(jobs(config, tmp_path, 3))
    with pytest.raises(Unavailable, match=r"is full .*free some space and run the same command to go on"):
        run(Ending("disk"), source)
    assert not source.of("failed", "interrupted")


def test_other_errors_of_the_system_are_not_taken_for_a_full_disk(config: TrialConfig, tmp_path: Path) -> None:
    class Broken(InlineExecutor):
        def events(self, timeout: float) -> list[Event]:
            raise OSError(errno.EIO, "broken")

    source = Source(jobs(config, tmp_path, 1))
    with pytest.raises(OSError, match="broken"):
        run(Broken(), source)
    assert source.of("interrupted") == [("interrupted", 0)]


def test_without_signals_of_its_own_a_runner_leaves_ctrl_c_to_its_caller(config: TrialConfig, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    runner = Runner(InlineExecutor(), Source(jobs(config, tmp_path, 1)), 1, None)
    runner.run(Silent())
    assert signal.getsignal(signal.SIGINT) is before
    with Interrupts():
        assert signal.getsignal(signal.SIGINT) is not before


class Steered:
    """Pauses after the first jobs, then stops one of them, then lets the rest begin."""

    def __init__(self) -> None:
        self.at_once, self.is_paused, self.is_stopped = 2, False, False
        self.polls = 0

    def poll(self) -> list[int]:
        self.polls += 1
        self.is_paused = 2 <= self.polls < 12
        return [1] if self.polls == 2 else []


def test_a_control_pauses_stops_a_job_and_goes_on(config: TrialConfig, tmp_path: Path) -> None:
    source, control = Source(jobs(config, tmp_path, 4)), Steered()
    Runner(InlineExecutor(), source, 1, None, control).run(Silent())
    assert source.most == 2  # as the control has it
    ended = [entry for entry in source.log if entry[0] in ("done", "stopped")]
    assert ended == [("stopped", 1), ("done", 0), ("done", 2), ("done", 3)]
    submitted = [index for index, entry in enumerate(source.log) if entry[0] == "submitted"]
    assert submitted[2] > source.log.index(("done", 0))  # nothing began while it was paused


def test_a_control_stops_everything_as_ctrl_c(config: TrialConfig, tmp_path: Path) -> None:
    source, control = Source(jobs(config, tmp_path, 3)), Steered()
    control.is_stopped = True
    assert run_jobs(InlineExecutor(), source, 1, Silent(), control) == 130
    assert not any(entry[0] == "done" for entry in source.log)
