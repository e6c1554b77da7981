"""What the dispatcher knows of a node while its agent lives."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from mnist_sweep.execution.cluster.messages import Content, Facts, Setup
from mnist_sweep.execution.cluster.placement import Room
from mnist_sweep.execution.executor import Job, NodeStatus


@dataclass(frozen=True)
class NodeInfo:
    """A node as the cluster lists it.

    Attributes:
        id: What tells it from every other node.
        name: What it is called; no two nodes have the same name.
        cpus: The CPUs that the cluster has given it.
        is_draining: Whether it is to leave on purpose.
    """

    id: str
    name: str
    cpus: int
    is_draining: bool = False


class AgentLost(Exception):  # noqa: N818 - what has happened
    """An agent is gone, and does not come back."""


class AgentRefused(AgentLost):
    """An agent could not be started: its node can't run it."""


class AgentUnreachable(Exception):  # noqa: N818 - what has happened
    """An agent could not be reached; it may be there."""


class Cluster(Protocol):
    """The few things that a cluster must be able to do; ray_cluster.py does them with Ray."""

    def nodes(self) -> list[NodeInfo]:
        """Returns the nodes that are there and have CPUs."""

    def start(self, node: NodeInfo, slots: int, incarnation: int, setup: Setup) -> Any:
        """Starts an agent on a node, and returns it."""

    def call(self, agent: Any, method: str, *arguments: Any) -> Any:
        """Calls a method of an agent; returns the call."""

    def ready(self, calls: list[Any], timeout: float) -> list[Any]:
        """Returns the calls that have been answered, after the first one or `timeout` seconds."""

    def result(self, call: Any) -> Any:
        """Returns the answer to a call that is ready; raises AgentLost or AgentUnreachable where there is none."""

    def kill(self, agent: Any) -> None:
        """Ends an agent at once, whether or not it can hear."""

    def put(self, file: str) -> Content:
        """Puts the content of a file of the driver's machine into the cluster."""


@dataclass
class Node:
    """A node with an agent.

    Attributes:
        info: The node.
        slots: How many jobs may train on it.
        agent: Its agent.
        incarnation: Which of its agents this is.
        question: The call for facts or reports that is under way.
        asked: When that was sent, by the monotonic clock.
        unreachable_since: Since when it can't be reached, None where it can.
        pause_until: When it is asked again after it could not be reached.
        facts: What it is, None until it has said so.
        received: The sequence of its last report that counted.
        jobs: The jobs that are on it, by ticket.
        trained: The tickets of those that have been trained.
        begun: The tickets of those whose processes run.
        failed_starts: How many jobs in a row were lost before their processes ran.
        sent: Jobs and stop requests that are under way: the method and its arguments, by call.
        unsent: Those that could not be delivered and are sent again.
        is_full: Whether its disk is full.
        is_leaving: Whether it is to leave on purpose: it gets no further jobs, and what it can't finish is no retry.
        ended: How many jobs have ended on it; this and what follows count from the node's first agent on.
        busy_seconds: How long its slots have trained, summed over the slots.
        slot_seconds: How long it had slots, summed likewise.
        joined: How often it has joined.
        lost: How often it was lost.
    """

    info: NodeInfo
    slots: int
    agent: Any
    incarnation: int
    question: Any
    asked: float
    unreachable_since: float | None = None
    pause_until: float | None = None
    facts: Facts | None = None
    received: int = 0
    jobs: dict[int, Job] = field(default_factory=dict)
    trained: set[int] = field(default_factory=set)
    begun: set[int] = field(default_factory=set)
    failed_starts: int = 0
    sent: dict[Any, tuple[Any, ...]] = field(default_factory=dict)
    unsent: list[tuple[Any, ...]] = field(default_factory=list)
    is_full: bool = False
    is_leaving: bool = False
    ended: int = 0
    busy_seconds: float = 0.0
    slot_seconds: float = 0.0
    joined: int = 0
    lost: int = 0

    @property
    def machine_class(self) -> str:
        """Its class of machine, empty until it is known."""
        return str(self.facts.machine["machine_class"]) if self.facts else ""

    @property
    def is_usable(self) -> bool:
        """Whether it takes jobs."""
        return self.facts is not None and not self.is_full and not self.is_leaving

    def go_on_as(self, before: "Node | None") -> None:
        """Notes that it has joined, with the figures of what it was before it was lost."""
        self.joined += 1
        if before is not None:
            self.ended += before.ended
            self.busy_seconds += before.busy_seconds
            self.slot_seconds += before.slot_seconds
            self.joined += before.joined
            self.lost += before.lost

    def room(self) -> Room:
        """Returns what placing a job must know of it."""
        return Room(self.info.id, self.slots, len(self.jobs), len(self.trained), self.machine_class)

    def count(self, seconds: float) -> None:
        """Counts time for the share of its slots that are busy."""
        self.busy_seconds += seconds * min(len(self.jobs) - len(self.trained), self.slots)
        self.slot_seconds += seconds * self.slots

    def status(self) -> NodeStatus:
        """Returns what is shown of it."""
        busy = self.busy_seconds / self.slot_seconds if self.slot_seconds else 0.0
        running = tuple(sorted(job.number for job in self.jobs.values()))
        return NodeStatus(self.info.name, self.slots if self.is_usable else 0, running, round(busy, 2), self.ended,
                          self.machine_class, self.joined, self.lost)  # fmt: skip
