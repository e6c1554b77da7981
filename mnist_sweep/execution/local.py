"""Runs each job in a fresh process, forked from a server that has imported what trials need, and used none of it.

A fork takes some 20 ms, where a new interpreter takes as long as TensorFlow's import. The server has one thread (see
`preload`) and has computed nothing, so that forking it is safe: 500 forks gave 500 times the same weights.
"""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import Any

import psutil

from mnist_sweep.config.kernels import chosen
from mnist_sweep.config.times import duration_text
from mnist_sweep.execution import process
from mnist_sweep.execution.executor import (
    ANY,
    Done,
    Epoch,
    Event,
    Failed,
    Job,
    Limits,
    NodeStatus,
    Saved,
    Started,
    Trained,
)
from mnist_sweep.execution.forkserver_private import use
from mnist_sweep.execution.job_folder import folder_of
from mnist_sweep.execution.meter import Meter
from mnist_sweep.storage.usage import write_usage

GRACE_SECONDS = 5.0
WATCH_SECONDS = 0.2
# A process that ends by one of these has crashed; any other signal came from outside.
CRASHES = ("SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGSEGV", "SIGSYS", "SIGTRAP")
UNKNOWN = 255  # what multiprocessing takes for the exit code where the fork server is gone
NO_LIMITS = Limits()


@dataclass
class _Running:
    job: Job
    process: BaseProcess
    connection: Connection
    seen: psutil.Process | None  # knows a process from a later one of the same number
    meter: Meter
    began: float
    verdict: str = ""  # why the watch has ended it


class LocalExecutor:
    """Executor that runs each job in a process of this machine."""

    nodes: Sequence[NodeStatus] = ()

    def __init__(self, limits: Limits = NO_LIMITS, preload: Sequence[str] = (), slots: int = ANY) -> None:
        """Makes the executor; its fork server starts with the first job, or with `warm_up`.

        Args:
            limits: What one job may use.
            preload: The modules that the fork server imports.
            slots: How many jobs may train at the same time; as many as its caller wants by default.
        """
        self.slots = slots
        self.limits = limits
        self.kernels = chosen()  # those of the fork server
        self.context = get_context("forkserver")
        use(preload, self.kernels)
        self.jobs: dict[int, _Running] = {}
        self._events: list[Event] = []
        self._watched = 0.0

    def warm_up(self) -> None:
        """Starts the fork server, which then imports TensorFlow in the background."""
        from multiprocessing import forkserver

        with _deaf_to_interrupts():
            forkserver.ensure_running()

    def submit(self, job: Job) -> None:
        """Forks a process for the job; a fork server that has died is started anew.

        A job that wants other kernels than the server's TensorFlow has gets an interpreter of its own.
        """
        here, there = self.context.Pipe()
        start = self.context.Process if job.kernels in (None, self.kernels) else get_context("spawn").Process
        started = start(target=process.main, args=(there, job), name=f"trial-{job.number}", daemon=True)
        try:
            with _without_main(), _deaf_to_interrupts():
                started.start()
            seen = psutil.Process(started.pid)
        except (OSError, EOFError) as error:  # the fork server was killed while it was asked
            here.close()
            self._events.append(Failed(job.number, f"the fork server has died ({type(error).__name__})", "lost"))
            return
        except psutil.Error:
            seen = None  # it has died already: its pipe tells
        finally:
            there.close()
        self.jobs[job.number] = _Running(job, started, here, seen, Meter(seen), time.monotonic())

    def events(self, timeout: float) -> list[Event]:
        """Returns what the jobs have sent, and which of them have died."""
        events, self._events = self._events, []
        ready = wait([job.connection for job in self.jobs.values()], 0 if events else timeout)
        numbers = [number for number, job in self.jobs.items() if job.connection in ready]
        events += [event for number in numbers for event in self._receive(number)]
        if time.monotonic() - self._watched >= WATCH_SECONDS:
            self._watched = time.monotonic()
            for job in self.jobs.values():
                self._watch(job)
        return events

    def _receive(self, number: int) -> list[Event]:
        job = self.jobs[number]
        events: list[Event] = []
        try:
            while job.connection.poll():
                kind, content = job.connection.recv()
                events.append(_event(number, kind, content))
        except (EOFError, OSError):
            if not events or not isinstance(events[-1], Done | Failed):
                job.process.join(GRACE_SECONDS)
                events.append(_death(number, job))
        if events and isinstance(events[-1], Done | Failed):
            _record_usage(job)
            self._forget(number)
        return events

    def _watch(self, job: _Running) -> None:
        """Measures what a job takes, and ends it where that is more than it may; its log then says where it was."""
        job.meter.look()
        passed = time.monotonic() - job.began
        if job.verdict:  # it was told to end, and may be unable to
            if passed > GRACE_SECONDS:
                _kill(job, signal.SIGKILL)
            return
        if self.limits.seconds is not None and passed > self.limits.seconds:
            job.verdict = f"it took longer than runtime.trial_timeout={duration_text(self.limits.seconds)}"
        elif self.limits.memory is not None and job.meter.memory > self.limits.memory:
            limit = f"runtime.memory_limit={self.limits.memory / 1e9:g}GB"
            job.verdict = f"it used {job.meter.memory / 1e9:.2f} GB of memory, more than {limit}"
        if job.verdict:
            job.began = time.monotonic()
            _kill(job, signal.SIGABRT)

    def _forget(self, number: int) -> None:
        job = self.jobs.pop(number)
        job.connection.close()
        job.process.join(GRACE_SECONDS)
        if job.process.is_alive():
            _kill(job, signal.SIGKILL)
            job.process.join()
        if job.process.pid:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(job.process.pid, signal.SIGKILL)  # what the job has started and left behind

    def stop(self, number: int) -> None:
        """Sends a stop request; a job that has just ended doesn't receive it."""
        if number in self.jobs:
            try:
                self.jobs[number].connection.send("stop")
            except OSError:
                return  # it has ended: `events` will tell

    def close(self) -> None:
        """Kills all jobs that still run."""
        for job in self.jobs.values():
            _kill(job, signal.SIGKILL)
        for number in list(self.jobs):
            self._forget(number)


@contextlib.contextmanager
def _without_main() -> Iterator[None]:
    """Returns a context in which multiprocessing finds no main module, which a job's process would import again.

    That is for what is pickled of it, and nothing is; a script without `if __name__ == "__main__"` would start over.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextlib.contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Returns a context in which a program that is started ignores Ctrl-C from its first instruction on.

    It lasts milliseconds; a Ctrl-C within them has to be pressed again.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _record_usage(job: _Running) -> None:
    """Writes what a trial has taken into its folder, whatever has become of it."""
    job.meter.look()
    if job.job.kind == "train" and (usage := job.meter.usage()) is not None:
        with contextlib.suppress(OSError):  # of a full disk the trial's own files tell
            write_usage(folder_of(job.job), usage)


def _kill(job: _Running, number: signal.Signals) -> None:
    """Signals a job's process, also where the fork server is gone and multiprocessing has lost track of it."""
    if job.seen is not None:
        try:
            job.seen.send_signal(number)
        except psutil.Error:
            return


def _event(number: int, kind: str, content: Any) -> Event:
    if kind == "started":
        return Started(number)
    if kind == "epoch":
        return Epoch(number, content)
    if kind == "saved":
        return Saved(number)
    if kind == "trained":
        return Trained(number)
    if kind == "done":
        return Done(number, content)
    reason, cause = content
    return Failed(number, reason, cause)


def _death(number: int, job: _Running) -> Failed:
    """Returns why a process that reported nothing has ended."""
    code = job.process.exitcode
    if job.verdict:
        return Failed(number, job.verdict, "error")
    if code is None:
        return Failed(number, "its process stopped answering", "lost")
    if code == UNKNOWN:
        return Failed(number, "its process ended with the fork server", "lost")
    if code >= 0:
        return Failed(number, f"its process ended with exit code {code}", "error")
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    if name in CRASHES:
        return Failed(number, f"its process crashed ({name})", "error")
    hint = " (out of memory?)" if name == "SIGKILL" and os.path.exists("/proc/meminfo") else ""  # noqa: PTH110
    return Failed(number, f"its process was ended by {name}{hint}", "lost")
