"""What goes into an executor and what comes out of it: plain data that can cross a process's pipe."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from mnist_sweep.config.kernels import Kernels


@dataclass(frozen=True)
class Job:
    """Work for a process of its own: a trial to train, configurations to probe, or a task to check.

    Attributes:
        number: Tells jobs of one runner apart; a trial's number.
        kind: What is done.
        config: A trial's configuration, or those to probe, as plain data.
        folder: Where the job writes its files.
        settings: What the trial needs in addition to its configuration, as plain data.
        overrides: A trial's overrides, which are kept in its folder.
        retries: How often it was lost after it had begun to train.
        kernels: What TensorFlow is to compute with, None for what its process has.
        machine_class: The class of machine that it wants, if one is there; None for any.
    """

    number: int
    kind: Literal["train", "probe", "check"]
    config: dict[str, Any]
    folder: str
    settings: dict[str, Any] = field(default_factory=dict)
    overrides: Sequence[str] = ()
    retries: int = 0
    kernels: Kernels | None = None
    machine_class: str | None = None


@dataclass(frozen=True)
class Started:
    """The job's process is running; `node` is the machine of a cluster that it runs on, empty for this one."""

    number: int
    node: str = ""


@dataclass(frozen=True)
class Epoch:
    """An epoch has ended: a row of history.csv."""

    number: int
    row: dict[str, float]


@dataclass(frozen=True)
class Saved:
    """The job has written a checkpoint, from which it goes on if it is lost."""

    number: int


@dataclass(frozen=True)
class Trained:
    """The job's training has ended: its worker is free while it writes its files."""

    number: int


@dataclass(frozen=True)
class Done:
    """The job has ended well, or was stopped on request: see `result`."""

    number: int
    result: dict[str, Any]


# Why a job failed: something in it, the end of its process from outside, a full disk, or a node that leaves on purpose.
Cause = Literal["error", "lost", "disk", "returned"]


@dataclass(frozen=True)
class Failed:
    """The job has failed: why in one line, and the kind of cause."""

    number: int
    reason: str
    cause: Cause


@dataclass(frozen=True)
class Notice:
    """Something that a person has to know and that belongs to no job, such as that a node was lost."""

    text: str


Event = Started | Epoch | Saved | Trained | Done | Failed | Notice


@dataclass(frozen=True)
class NodeStatus:
    """A machine of a cluster, as it is now.

    Attributes:
        name: What it is called.
        slots: How many jobs may train on it at the same time; 0 once it is gone.
        running: The numbers of the jobs that are on it.
        busy: The share of its slots that has trained since it joined, from 0 to 1.
        ended: How many jobs have ended on it.
        machine_class: Equal for machines that compute the same bits; see provenance.
        joined: How often it has joined.
        lost: How often it was lost.
    """

    name: str
    slots: int
    running: Sequence[int]
    busy: float
    ended: int
    machine_class: str
    joined: int = 1
    lost: int = 0


@dataclass(frozen=True)
class Limits:
    """What one job may use.

    Attributes:
        memory: Bytes of resident memory, None for no limit.
        seconds: Seconds from start to end, None for no limit.
    """

    memory: int | None = None
    seconds: float | None = None


ANY = sys.maxsize  # slots of an executor that leaves it to its caller how many jobs run


class Executor(Protocol):
    """Runs jobs somewhere else; the runner above it does not know where.

    Attributes:
        slots: How many jobs may train at the same time; it changes as machines join and leave, and is never 0.
        nodes: The machines of a cluster, none where all jobs run on this one.
    """

    slots: int
    nodes: Sequence[NodeStatus]

    def submit(self, job: Job) -> None:
        """Starts a job. The caller limits how many run at the same time."""

    def events(self, timeout: float) -> list[Event]:
        """Returns what has happened since the last call.

        Args:
            timeout: Seconds to wait for the first event.
        """

    def stop(self, number: int) -> None:
        """Requests that a job stops after its present batch; it then ends with Done."""

    def close(self) -> None:
        """Ends all jobs at once and frees everything."""
