"""What runs on each node: takes jobs, gives them to a local executor, and keeps its reports until they have arrived.

It knows no Ray, of which it is an actor. Its process has threads of Ray's, so it must never fork: the executor executes
its fork server as a new program, in a thread of its own, with which that server ends.
"""

import contextlib
import os
import platform
import queue
import shutil
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

from filelock import FileLock, Timeout

from mnist_sweep.config.kernels import switch_to
from mnist_sweep.execution.cluster import checkpoints
from mnist_sweep.execution.cluster.messages import Content, Facts, Place, Report, Setup
from mnist_sweep.execution.cluster.node_memory import NodeMemory
from mnist_sweep.execution.cluster.packing import pack, scratch
from mnist_sweep.execution.cluster.working_folder import unpack_folder
from mnist_sweep.execution.executor import Done, Event, Failed, Job, Notice, Saved
from mnist_sweep.execution.local import LocalExecutor
from mnist_sweep.files import is_full
from mnist_sweep.provenance import machine, source_digest, versions

TICK_SECONDS = 0.02
IDLE_SECONDS = 0.5
SCRATCH = "mnist-sweep-node-"


def place() -> Place:
    """Returns what tells whether two processes see the same files and the same processes: machine and namespaces."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return boot, str(Path("/proc/self/ns/pid").readlink()), str(Path("/proc/self/ns/mnt").readlink())
    except OSError:
        return platform.node(), str(os.getpid()), ""  # never the same as that of another process


def facts() -> Facts:
    """Returns what the machine of this process is."""
    return Facts(versions(), source_digest(), machine(), place())


def _scratch() -> tuple[Path, FileLock]:
    """Makes the folder of an agent's trials, locked while it lives; those of agents that were killed are removed."""
    beside = Path(tempfile.gettempdir())
    with FileLock(beside / f"mnist-sweep-{os.getuid()}.lock"):  # one at a time: a new folder is not locked at once
        for left in beside.glob(f"{SCRATCH}*"):
            with contextlib.suppress(Timeout, OSError), FileLock(left / ".lock", timeout=0):
                shutil.rmtree(left, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=SCRATCH))
        lock = FileLock(folder / ".lock", thread_local=False)
        lock.acquire()
    return folder, lock


class NodeAgent:
    """The agent of one node; its methods are called in threads, several at a time."""

    def __init__(self, incarnation: int, name: str, setup: Setup) -> None:
        """Starts the fork server.

        Args:
            incarnation: Which of the agents this is that its node has had.
            name: What the node is called.
            setup: What it is made with.
        """
        self.incarnation, self.name, self.setup = incarnation, name, setup
        self._scratch, self._lock = _scratch()
        if setup.code is not None:
            self._go_to(setup.code)
        self._is_drivers = place() == setup.place
        self._waiting: queue.SimpleQueue[tuple[int, Job, Content | None, bytes | None]] = queue.SimpleQueue()
        self._pace = checkpoints.Pace()
        self._known: set[int] = set()  # tickets
        self._tickets: dict[int, int] = {}  # of the jobs that run, by number
        self._folders: dict[int, Path] = {}  # by ticket
        self._to_stop: set[int] = set()  # tickets
        self._memory = NodeMemory()
        self._reports: list[Report] = []
        self._sequence = 0
        self._changed = threading.Condition()
        self._broken = ""
        self._is_closing = False
        self._thread = threading.Thread(target=self._work, name="executor", daemon=True)
        self._thread.start()

    def _go_to(self, code: Content) -> None:
        """Makes the driver's working folder, as it has travelled, that of this process and of its trials."""
        folder = self._scratch / "working_folder"
        unpack_folder(bytes(code.get()), folder)
        os.chdir(folder)
        sys.path.insert(0, str(folder))

    def facts(self) -> Facts:
        """Returns what this node is."""
        return facts()

    def submit(self, ticket: int, job: Job, content: Content | None, checkpoint: bytes | None = None) -> None:
        """Takes a job; twice is the same as once.

        Args:
            ticket: Tells this submission from every other one.
            job: The job.
            content: What its shared memory holds, for a node that can't see the driver's.
            checkpoint: What it goes on from, for such a node too; None where it begins.
        """
        with self._changed:
            if ticket in self._known:
                return
            self._known.add(ticket)
        self._waiting.put((ticket, job, content, checkpoint))

    def stop(self, ticket: int) -> None:
        """Requests that a job stops; it may come before the job itself."""
        self._to_stop.add(ticket)

    def reports(self, received: int, timeout: float) -> list[Report]:
        """Returns what has happened.

        Args:
            received: The sequence of the last report that has arrived: those up to it are forgotten.
            timeout: Seconds to wait for the first one.

        Raises:
            RuntimeError: The executor has failed.
        """
        with self._changed:
            self._reports = [report for report in self._reports if report.sequence > received]
            if not self._reports and not self._broken:
                self._changed.wait(timeout)
            if self._broken:
                raise RuntimeError(self._broken)
            return list(self._reports)

    def close(self) -> None:
        """Ends all jobs at once."""
        self._is_closing = True
        self._thread.join(10)

    def _work(self) -> None:
        try:
            switch_to(self.setup.kernels)
            executor = LocalExecutor(self.setup.limits, self.setup.preload)
            executor.warm_up()
            try:
                while not self._is_closing:
                    self._take(executor)
                    for event in executor.events(TICK_SECONDS):
                        self._report(event)
            finally:
                executor.close()
                shutil.rmtree(self._scratch, ignore_errors=True)
                self._lock.release()
        except Exception as error:
            with self._changed:
                self._broken = f"{type(error).__name__}: {error}"
                self._changed.notify_all()

    def _take(self, executor: LocalExecutor) -> None:
        """Starts the jobs that wait, of which the first is waited for where none runs; stops those that are to stop."""
        wait = IDLE_SECONDS if not executor.jobs else 0.0
        with contextlib.suppress(queue.Empty):
            while True:
                waiting = self._waiting.get(timeout=wait) if wait else self._waiting.get_nowait()
                wait = 0.0
                self._start(executor, *waiting)
        for number, ticket in self._tickets.items():
            if ticket in self._to_stop:
                self._to_stop.discard(ticket)
                executor.stop(number)

    def _start(
        self, executor: LocalExecutor, ticket: int, job: Job, content: Content | None, checkpoint: bytes | None
    ) -> None:
        self._tickets[job.number] = ticket
        # A late process of an agent that was given up must not write into the folder of the next try.
        folder = scratch(Path(job.folder), ticket) if self._is_drivers else self._scratch / str(ticket)
        self._folders[ticket] = folder
        try:
            if self._is_drivers:
                checkpoints.link(Path(job.folder), folder)
            elif checkpoint is not None:
                checkpoints.put(checkpoint, folder)
            shared = job.settings.get("shared") if self._is_drivers else self._memory.of(job, content)
        except Exception as error:  # whatever Ray has to say
            is_disk = isinstance(error, OSError) and is_full(error)
            reason = f"its data could not be fetched ({type(error).__name__})"
            self._report(Failed(job.number, reason, "disk" if is_disk else "lost"))
            return
        environment = {**job.settings.get("environment", {}), **machine(), "node": self.name}
        settings = {**job.settings, "shared": shared, "environment": environment}
        executor.submit(replace(job, folder=str(folder), settings=settings))

    def _report(self, event: Event) -> None:
        assert not isinstance(event, Notice)
        ticket = self._tickets[event.number]
        packed, seen = None, None
        if isinstance(event, Saved):
            if self._is_drivers:
                seen = str(self._folders[ticket])
            elif (content := self._pace.content(self._folders[ticket])) is not None:
                packed = {checkpoints.NAME: content}
            else:
                return
        elif isinstance(event, Done | Failed):
            folder = self._folders.pop(ticket)
            del self._tickets[event.number]
            self._to_stop.discard(ticket)
            if self._is_drivers:
                seen = str(folder)
            else:
                is_lost = isinstance(event, Failed) and event.cause == "lost"
                packed = pack(folder, without="" if is_lost else checkpoints.NAME)
                shutil.rmtree(folder, ignore_errors=True)
        with self._changed:
            self._sequence += 1
            self._reports.append(Report(self.incarnation, self._sequence, ticket, event, packed, seen))
            self._changed.notify_all()
