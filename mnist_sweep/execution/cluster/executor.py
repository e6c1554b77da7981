"""The driver's side of a cluster: an executor whose jobs run on nodes, reached through the bridge.

What arrives here has been decided: the dispatcher passes on one end of each job. The driver alone writes the study's
folders: a row of history.csv with each epoch, all files of a trial at its end.
"""

import contextlib
import importlib.util
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from mnist_sweep.config import Unavailable, UserError
from mnist_sweep.config.kernels import chosen
from mnist_sweep.config.runtime_settings import RayConfig
from mnist_sweep.execution.cluster import checkpoints
from mnist_sweep.execution.cluster.messages import Command, Connecting, Delivered, Ready, Refused, Status
from mnist_sweep.execution.cluster.packing import move_up, remove_scratch, unpack
from mnist_sweep.execution.cluster.working_folder import folders_of, pack_folders
from mnist_sweep.execution.executor import Done, Epoch, Event, Failed, Job, Limits, NodeStatus, Notice, Saved
from mnist_sweep.execution.job_folder import folder_of
from mnist_sweep.storage.history import append_history, begin_history

END_SECONDS = 5.0  # for the bridge to end by itself
RECONNECT_SECONDS = 15.0  # in which a head node may come back
PAUSE_SECONDS = 1.0
MOST_LOST = 3  # bridges
AGAIN = "run the same command to go on"


class RayExecutor:
    """Executor that runs each job on a node of a Ray cluster.

    Attributes:
        slots: How many jobs may train at the same time.
        nodes: What the nodes do.
        where: The cluster in words.
    """

    def __init__(self, runtime: RayConfig, preload: Sequence[str] = ()) -> None:
        """Connects to the cluster, and waits until a node is ready.

        Args:
            runtime: The cluster, and what one job may use.
            preload: The modules that each node's fork server imports.

        Raises:
            UserError: Ray is not installed, or a node has other versions.
            Unavailable: The cluster is not there, or has no node for us.
        """
        if importlib.util.find_spec("ray") is None:
            raise UserError("runtime=ray needs Ray, which is not installed: pip install 'mnist_sweep[ray]'")
        self.slots = 1
        self.nodes: Sequence[NodeStatus] = ()
        self.where = ""
        self.jobs: dict[int, Job] = {}
        self._runtime, self._preload = runtime, tuple(preload)
        self._events: list[Event] = []
        self._lost_bridges = 0  # since a job ended
        self._code = pack_folders(folders_of(allowed)) if (allowed := runtime.allowed_targets) else None
        self._connect()

    def _connect(self) -> None:
        """Starts the bridge, and waits until a node is ready."""
        runtime = self._runtime
        self.where = ""
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the bridge
        here, there = socket.socketpair()
        self._bridge = subprocess.Popen(
            [sys.executable, "-m", "mnist_sweep.execution.cluster.bridge", str(there.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
            pass_fds=[there.fileno()],
            start_new_session=True,  # Ctrl-C is the driver's
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
        there.close()
        self._connection = Connection(here.detach())
        limits = Limits(runtime.memory_limit, runtime.trial_timeout)
        try:
            self._send(Connecting(runtime, limits, self._preload, chosen(), self._code))
            while not self.where:
                self._receive(1.0)
        except EOFError:
            self.close()
            raise Unavailable("the connection to the Ray cluster has ended before a node was ready") from None
        except BaseException:
            self.close()
            raise

    def submit(self, job: Job) -> None:
        """Sends a job to the cluster, where it may wait for a node."""
        self.jobs[job.number] = job
        self._send(Command("submit", job))

    def stop(self, number: int) -> None:
        """Sends a stop request."""
        if number in self.jobs:
            self._send(Command("stop", number=number))

    def events(self, timeout: float) -> list[Event]:
        """Returns what has happened; the files of a job that has ended are in its folder.

        Raises:
            Unavailable: The cluster or its last node is gone.
            OSError: The files can't be written.
        """
        if not self._events:
            try:
                self._receive(timeout)
            except EOFError:
                self._reconnect()
        events, self._events = self._events, []
        return events

    def close(self) -> None:
        """Ends all jobs at once, and the bridge."""
        self._connection.close()
        try:
            self._bridge.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._bridge.kill()
            self._bridge.wait()
        self._output.close()
        for job in self.jobs.values():
            checkpoints.rescue(folder_of(job).path)
            remove_scratch(folder_of(job).path)

    def _send(self, message: object) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # `_receive` says why
            self._connection.send(message)

    def _receive(self, timeout: float) -> None:
        """Takes what the bridge has sent; raises EOFError where it is gone."""
        wait = timeout
        try:
            while self._connection.poll(wait):
                wait = 0.0
                self._take(self._connection.recv())
        except ConnectionResetError:
            raise EOFError from None

    def _reconnect(self) -> None:
        """Connects again after the bridge has ended, with the head node or with Ray's process on this one.

        Raises:
            Unavailable: The cluster is gone.
        """
        self.close()
        self._lost_bridges += 1
        lost, self.jobs = self.jobs, {}
        if self._lost_bridges > MOST_LOST:
            raise Unavailable(f"the Ray cluster was lost {MOST_LOST} times without a trial's end in between; {AGAIN}")
        end = time.monotonic() + RECONNECT_SECONDS
        while True:
            try:
                self._connect()
                break
            except Unavailable as error:
                if time.monotonic() > end:
                    raise Unavailable(f"the Ray cluster was lost: {error}; {AGAIN} when it is back") from None
            time.sleep(PAUSE_SECONDS)
        why = "the connection to the Ray cluster was lost"
        self._events.append(Notice(f"{why}, and was made again"))
        self._events += [Failed(number, why, "lost") for number in lost]

    def _take(self, message: object) -> None:
        if isinstance(message, Delivered):
            self._deliver(message)
        elif isinstance(message, Status):
            self.slots, self.nodes = min(message.slots, self._runtime.workers or message.slots), message.nodes
        elif isinstance(message, Ready):
            self.where = message.where
        elif isinstance(message, Refused):
            raise UserError(message.reason) if message.is_mistake else Unavailable(message.reason)

    def _deliver(self, delivered: Delivered) -> None:
        event = delivered.event
        number = getattr(event, "number", None)
        if number is None:
            self._events.append(event)
            return
        if number not in self.jobs:
            return
        job = self.jobs[number]
        if isinstance(event, Epoch):
            self._write_epoch(job, event)
        elif isinstance(event, Saved):
            self._take_checkpoint(folder_of(job).path, delivered)
        elif isinstance(event, Done | Failed):
            del self.jobs[number]
            self._lost_bridges = 0
            event = self._bring_files(job, event, delivered)
        self._events.append(event)

    def _write_epoch(self, job: Job, event: Epoch) -> None:
        file, columns = folder_of(job).history, list(event.row)
        if not file.exists():
            begin_history(file, columns)
        append_history(file, event.row, columns)

    def _take_checkpoint(self, folder: Path, delivered: Delivered) -> None:
        if delivered.files is not None:
            checkpoints.put(delivered.files[checkpoints.NAME], folder)
        elif delivered.folder is not None:
            checkpoints.move(Path(delivered.folder), folder)

    def _bring_files(self, job: Job, event: Done | Failed, delivered: Delivered) -> Event:
        """Puts a trial's files into its folder; a trial whose files are lost is lost."""
        folder = folder_of(job).path
        try:
            if delivered.files is not None:
                unpack(delivered.files, folder)
            elif delivered.folder is not None and (Path(delivered.folder).is_dir() or isinstance(event, Done)):
                move_up(Path(delivered.folder), folder)
            checkpoints.rescue(folder)
            remove_scratch(folder)
        except (FileNotFoundError, ValueError) as error:
            return Failed(job.number, f"its files have not arrived ({error})", "lost")
        return event
