"""What driver, bridge and agents tell each other: plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from mnist_sweep.config.kernels import Kernels
from mnist_sweep.config.runtime_settings import RayConfig
from mnist_sweep.execution.executor import Event, Job, Limits, NodeStatus

Place = tuple[str, str, str]


@dataclass(frozen=True)
class Setup:
    """What an agent is made with, the same on every node.

    Attributes:
        limits: What one job may use.
        preload: The modules that its fork server imports.
        kernels: What the driver's TensorFlow would compute with.
        place: The driver's machine, as `agent.place` has it.
        code: The driver's working folder, as `working_folder.py` packs it; None where no modules of its own are needed.
    """

    limits: Limits
    preload: Sequence[str]
    kernels: Kernels | None
    place: Place
    code: "Content | None" = None


@dataclass(frozen=True)
class Facts:
    """What a node is.

    Attributes:
        versions: Of Python and of the packages that a result may depend on.
        source: The digest of this package's source.
        machine: The machine, as in environment.json.
        place: Equal where processes and files are the same ones.
    """

    versions: Mapping[str, str]
    source: str
    machine: Mapping[str, Any]
    place: Place


@dataclass(frozen=True)
class Report:
    """An event on its way from an agent to the dispatcher.

    Attributes:
        incarnation: The agent's, of those that its node has had.
        sequence: Counts the agent's reports, from 1.
        ticket: Tells one submission of a job from every other one.
        event: The event.
        files: The trial's files by relative name, where the job has ended and the driver can't see its folder, or its
            checkpoint, where it has written one.
        folder: Where these files are, where it can.
    """

    incarnation: int
    sequence: int
    ticket: int
    event: Event
    files: Mapping[str, bytes] | None = None
    folder: str | None = None


@dataclass(frozen=True)
class Connecting:
    """From the driver to the bridge, first of all: what it connects to, and what it makes agents with."""

    runtime: RayConfig
    limits: Limits
    preload: Sequence[str]
    kernels: Kernels | None
    code: bytes | None


@dataclass(frozen=True)
class Command:
    """From the driver to the bridge: a job to run, or the number of one to stop."""

    kind: Literal["submit", "stop"]
    job: Job | None = None
    number: int = 0


@dataclass(frozen=True)
class Delivered:
    """From the bridge to the driver: an event that counts, with the trial's files as in `Report`."""

    event: Event
    files: Mapping[str, bytes] | None = None
    folder: str | None = None


@dataclass(frozen=True)
class Status:
    """From the bridge to the driver: what the nodes do, and how many jobs may train at the same time."""

    slots: int
    nodes: Sequence[NodeStatus]


@dataclass(frozen=True)
class Ready:
    """From the bridge to the driver: jobs may be submitted. `where` is the cluster in words."""

    where: str


@dataclass(frozen=True)
class Refused:
    """From the bridge to the driver: nothing more can be run, and why; a mistake, or something that is unavailable."""

    reason: str
    is_mistake: bool


class Content(Protocol):
    """Bytes that lie in the cluster, to be fetched by the node that needs them."""

    def get(self) -> Any:
        """Returns the bytes, as an array."""
