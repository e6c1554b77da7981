"""The one event loop: jobs of a source run concurrently, each to its end; capacity, retries, stop and disk full.

Sweep, confirm, reproduce, train and the probing of networks are sources of jobs, which observe what becomes of them.
"""

import errno
import math
import signal
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from mnist_sweep.config.errors import Unavailable
from mnist_sweep.config.metrics import Row
from mnist_sweep.execution.executor import (
    Done,
    Epoch,
    Event,
    Executor,
    Failed,
    Job,
    NodeStatus,
    Notice,
    Saved,
    Started,
    Trained,
)
from mnist_sweep.execution.interrupts import Interrupts
from mnist_sweep.execution.job_folder import has_begun, remove_checkpoint, write_job
from mnist_sweep.execution.progress import Progress
from mnist_sweep.files import is_full

WRITING = 0.5  # for each worker, so many trained jobs may still write their files while the next ones train
RETRIES = 2  # of a job that was lost after it had begun to train
STARTS = 6  # of a job whose process is lost before it begins to train
TICK_SECONDS = 0.25


class Observer(Protocol):
    """Hears what becomes of jobs, in this order for each of them."""

    def submitted(self, job: Job) -> None:
        """The job is about to be handed to the executor; its folder has its configuration and nothing else."""

    def started(self, job: Job) -> None:
        """The job's process is running."""

    def epoch(self, job: Job, row: Row) -> bool:
        """An epoch has ended. Returns whether the job is to be stopped."""

    def trained(self, job: Job) -> None:
        """The job's training has ended; it writes its files while the next job trains."""

    def done(self, job: Job, result: dict[str, Any]) -> None:
        """The job has ended well, or was stopped at the observer's own request."""

    def failed(self, job: Job, reason: str) -> None:
        """The job has failed for good."""

    def lost(self, job: Job, reason: str) -> None:
        """The job's process was ended from outside; it will be submitted again, with the retries that it has now."""

    def interrupted(self, job: Job) -> None:
        """The job was left before its end, because everything is to stop; it will not be submitted again."""


class Control(Protocol):
    """Steers a runner from outside."""

    @property
    def at_once(self) -> int:
        """How many jobs may train at the same time."""

    @property
    def is_paused(self) -> bool:
        """Whether no further job begins for the time being."""

    @property
    def is_stopped(self) -> bool:
        """Whether everything is to end as by Ctrl-C."""

    def poll(self) -> Sequence[int]:
        """Looks for requests; returns the numbers of the jobs that are to be stopped."""


class JobSource(Observer, Protocol):
    """Observer that also says what is to run."""

    def next_job(self) -> Job | None:
        """Returns the next job, None where there is none now; it is asked again after further events."""


def processes(at_once: int) -> int:
    """Returns the most processes that run for so many jobs at a time, those that still write their files included."""
    return at_once + math.ceil(WRITING * at_once)


def at_capacity(active: int, writing: int, at_once: int) -> bool:
    """Returns whether no further job may begin.

    Args:
        active: Jobs that run.
        writing: Those of them that have been trained already.
        at_once: How many jobs may train at the same time.
    """
    return active - writing >= at_once or active >= processes(at_once)


class Runner:
    """Runs the jobs of a source on an executor, `at_once` at a time at most and not more than it has slots for."""

    def __init__(
        self,
        executor: Executor,
        source: JobSource,
        at_once: int,
        interrupts: Interrupts | None,
        control: Control | None = None,
    ) -> None:
        self.executor = executor
        self.source = source
        self.at_once = at_once
        self.interrupts = interrupts
        self.control = control
        self.active: dict[int, Job] = {}
        self._writing: set[int] = set()
        self._again: list[Job] = []  # lost ones
        self._failed_starts: Counter[int] = Counter()
        self._requested: set[int] = set()  # stop requests of the source
        self._stopping = False
        self._nodes: Sequence[NodeStatus] = ()

    def run(self, progress: Progress) -> None:
        """Runs until there is no job left, or until it is interrupted and no job runs any more.

        Raises:
            OSError: The disk is full.
        """
        while True:
            self._obey()
            if self._is_interrupted() and not self._stopping:
                self._stop(progress)
            is_paused = self.control is not None and self.control.is_paused
            if not self._stopping and not is_paused:
                self._fill()
            if not self.active:
                if not is_paused or self._stopping:
                    return
                time.sleep(TICK_SECONDS)
            for event in self.executor.events(TICK_SECONDS):
                self._handle(event, progress)
            if self.executor.nodes != self._nodes:
                self._nodes = self.executor.nodes
                progress.nodes(self._nodes)

    def _obey(self) -> None:
        """Does what is asked from outside."""
        if self.control is None:
            return
        for number in self.control.poll():
            if number in self.active:
                self._requested.add(number)
                self.executor.stop(number)
        self.at_once = self.control.at_once
        if self.control.is_stopped and self.interrupts is not None and self.interrupts.received is None:
            self.interrupts.received = signal.SIGINT

    def _is_interrupted(self) -> bool:
        return self.interrupts is not None and self.interrupts.received is not None

    def _stop(self, progress: Progress) -> None:
        self._stopping = True
        progress.warn("Interrupted: the running trials stop within a few batches; Ctrl-C again stops at once")
        for number in self.active:
            self.executor.stop(number)

    def _fill(self) -> None:
        while not self._is_interrupted() and not self._is_at_capacity():
            job = self._again.pop(0) if self._again else self.source.next_job()
            if job is None:
                return
            self._submit(job)

    def _is_at_capacity(self) -> bool:
        return at_capacity(len(self.active), len(self._writing), min(self.at_once, self.executor.slots))

    def _submit(self, job: Job) -> None:
        if job.retries > RETRIES:
            reason = f"it was lost {job.retries} times while it trained, the ends of its driver included"
            self._failed(replace(job, retries=RETRIES), reason)
            return
        write_job(job)
        self._requested.discard(job.number)  # of an earlier try; the source repeats it
        self.active[job.number] = job
        self.source.submitted(job)
        self.executor.submit(job)

    def _handle(self, event: Event, progress: Progress) -> None:
        if isinstance(event, Notice):
            progress.warn(event.text)
            return
        job = self.active[event.number]
        if isinstance(event, Started):
            self.source.started(job)
            if event.node:
                progress.placed(job.number, event.node)
        elif isinstance(event, Epoch):
            if self.source.epoch(job, event.row):
                self._requested.add(job.number)
                self.executor.stop(job.number)
        elif isinstance(event, Trained):
            self._writing.add(job.number)
            self.source.trained(job)
        elif not isinstance(event, Saved):
            self._writing.discard(job.number)
            del self.active[job.number]
            self._ended(job, event)

    def _ended(self, job: Job, event: Done | Failed) -> None:
        if isinstance(event, Done):
            if self._stopping and event.result.get("stopped") and job.number not in self._requested:
                self.source.interrupted(job)
            else:
                self.source.done(job, event.result)
                remove_checkpoint(job)
        elif event.cause == "disk":
            raise OSError(errno.ENOSPC, event.reason)
        elif event.cause == "error":
            self._failed(job, event.reason)
        elif self._stopping:
            self.source.interrupted(job)
        elif event.cause == "returned":
            self.source.lost(job, event.reason)
            self._again.append(job)
        else:
            self._lost(job, event.reason)

    def _lost(self, job: Job, reason: str) -> None:
        begun = has_begun(job)
        self._failed_starts[job.number] += not begun
        again = replace(job, retries=job.retries + begun)
        if again.retries > RETRIES or self._failed_starts[job.number] >= STARTS:
            self._failed(job, f"{reason}, after {job.retries} retries")
            return
        self.source.lost(again, reason)
        self._again.append(again)

    def _failed(self, job: Job, reason: str) -> None:
        self.source.failed(job, reason)
        remove_checkpoint(job)

    def leave(self) -> None:
        """Tells the source of every job that has not ended; the executor must be closed before."""
        for job in [*self.active.values(), *self._again]:
            self.source.interrupted(job)
        self.active.clear()
        self._again.clear()


def run_jobs(
    executor: Executor, source: JobSource, at_once: int, progress: Progress, control: Control | None = None
) -> int:
    """Runs the jobs of a source to their end, or until Ctrl-C; whatever happens, no process is left behind.

    Args:
        executor: Where the jobs run; it is closed at the end.
        source: The jobs.
        at_once: How many may train at the same time.
        progress: Shows what happens.
        control: What steers them from outside, None for nothing.

    Returns:
        The exit code of an interrupt, 130 or 143, else 0.

    Raises:
        Unavailable: The disk is full.
    """
    with Interrupts() as interrupts:
        runner = Runner(executor, source, at_once, interrupts, control)
        is_disk_full = False
        try:
            with progress.live():
                runner.run(progress)
        except KeyboardInterrupt:
            return interrupts.code
        except OSError as error:
            if not is_full(error):
                raise
            is_disk_full = True
            raise Unavailable(
                f"the disk of {_folder_of(runner.active.values())} is full ({error.strerror or error}): free some "
                "space and run the same command to go on; what was written before is intact"
            ) from None
        finally:
            executor.close()
            if not is_disk_full:
                runner.leave()
        return interrupts.code if interrupts.received else 0


def _folder_of(jobs: Iterable[Job]) -> str:
    job = next(iter(jobs), None)
    return str(Path(job.folder).parent if job else Path.cwd())
