"""Runs each job in a fresh process, forked from a server that has TensorFlow imported but not yet used.

A fork takes some 20 ms, where a new interpreter takes as long as TensorFlow's import. The server has one thread (see
`preload`) and has computed nothing, so that forking it is safe: 500 forks gave 500 times the same weights.
"""

import multiprocessing
import os
import signal
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from mnist_sweep.executors import process
from mnist_sweep.executors.job import Done, Epoch, Event, Failed, Job, Started

GRACE_SECONDS = 5.0


class LocalExecutor:
    """An executor on this machine's processor."""

    def __init__(self) -> None:
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["mnist_sweep.executors.preload"])
        self.jobs: dict[int, tuple[BaseProcess, Connection]] = {}

    def warm_up(self) -> None:
        """Starts the fork server, which then imports TensorFlow in the background."""
        from multiprocessing import forkserver

        forkserver.ensure_running()

    def submit(self, job: Job) -> None:
        """Forks a process for the job."""
        here, there = self.context.Pipe()
        started = self.context.Process(target=process.main, args=(there, job), name=f"trial-{job.number}", daemon=True)
        started.start()
        there.close()
        self.jobs[job.number] = started, here

    def events(self, timeout: float) -> list[Event]:
        """What the jobs have sent, and which of them have died."""
        ready = wait([connection for _, connection in self.jobs.values()], timeout)
        return [event for number in list(self.jobs) if self.jobs[number][1] in ready for event in self._receive(number)]

    def _receive(self, number: int) -> list[Event]:
        job, connection = self.jobs[number]
        events: list[Event] = []
        try:
            while connection.poll():
                kind, content = connection.recv()
                events.append(_event(number, kind, content))
        except (EOFError, OSError):
            if not events or not isinstance(events[-1], Done | Failed):
                job.join(GRACE_SECONDS)
                events.append(Failed(number, _death(job.exitcode), lost=True))
        if events and isinstance(events[-1], Done | Failed):
            self._forget(number)
        return events

    def _forget(self, number: int) -> None:
        job, connection = self.jobs.pop(number)
        connection.close()
        job.join(GRACE_SECONDS)
        if job.is_alive():
            job.kill()
            job.join()

    def stop(self, number: int) -> None:
        """Sends the word; a job that has just ended doesn't hear it."""
        if number in self.jobs:
            try:
                self.jobs[number][1].send("stop")
            except OSError:
                return  # it has ended: `events` will tell

    def close(self) -> None:
        """Kills what still runs."""
        for job, _ in self.jobs.values():
            job.kill()
        for number in list(self.jobs):
            self._forget(number)


def _event(number: int, kind: str, content: Any) -> Event:
    if kind == "started":
        return Started(number)
    if kind == "epoch":
        return Epoch(number, content)
    if kind == "done":
        return Done(number, content)
    return Failed(number, content, lost=False)


def _death(code: int | None) -> str:
    """Why a process that said nothing has ended."""
    if code is None:
        return "its process stopped answering"
    if code >= 0:
        return f"its process ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = " (out of memory?)" if name == "SIGKILL" and os.path.exists("/proc/meminfo") else ""  # noqa: PTH110
    return f"its process was ended by {name}{hint}"
