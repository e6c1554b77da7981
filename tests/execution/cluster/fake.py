"""A cluster in this process: its agents say what a test has told them to."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from mnist_sweep.config.kernels import Kernels
from mnist_sweep.execution.cluster.messages import Facts, Report, Setup
from mnist_sweep.execution.cluster.node import AgentLost, AgentRefused, AgentUnreachable, NodeInfo
from mnist_sweep.execution.executor import Event, Job, Limits

HERE = Facts({"python": "3.11.9", "mnist_sweep": "1", "tensorflow": "2.21.0", "keras": "3", "numpy": "2"}, "a source",
             {"machine_class": "abc"}, ("boot", "pid", "mnt"))  # fmt: skip
SETUP = Setup(Limits(), (), Kernels.ONEDNN, HERE.place)


@dataclass
class FakeAgent:
    """An agent: `state` is fine, silent, unreachable, lost, refused or busy (it has not been started)."""

    incarnation: int
    facts: Facts
    state: str = "fine"
    reports: list[Report] = field(default_factory=list)
    submitted: dict[int, Job] = field(default_factory=dict)
    contents: list[Any] = field(default_factory=list)
    checkpoints: list[bytes | None] = field(default_factory=list)
    stopped: list[int] = field(default_factory=list)
    killed: bool = False
    sequence: int = 0

    def say(self, ticket: int, event: Event, **more: Any) -> Report:
        self.sequence += 1
        self.reports.append(Report(self.incarnation, self.sequence, ticket, event, **more))
        return self.reports[-1]

    def ticket(self, number: int) -> int:
        return max(ticket for ticket, job in self.submitted.items() if job.number == number)


@dataclass(eq=False)
class FakeCall:
    """A call of an agent's method."""

    agent: FakeAgent
    method: str
    arguments: tuple[Any, ...]
    asked: float

    def is_ready(self, now: float) -> bool:
        if self.agent.state in ("silent", "busy"):
            return False
        if self.method == "reports" and self.agent.state == "fine":
            return bool(self.answer()) or now >= self.asked + self.arguments[1]
        return True

    def answer(self) -> Any:
        agent, arguments = self.agent, self.arguments
        if agent.state == "lost":
            raise AgentLost("its agent died")
        if agent.state == "refused":
            raise AgentRefused("ModuleNotFoundError: No module named 'mnist_sweep'")
        if agent.state == "unreachable":
            raise AgentUnreachable("it can't be reached")
        if self.method == "facts":
            return agent.facts
        if self.method == "submit":
            agent.submitted[arguments[0]] = arguments[1]
            agent.contents.append(arguments[2])
            agent.checkpoints.append(arguments[3])
        if self.method == "stop":
            agent.stopped.append(arguments[0])
        return (
            [report for report in agent.reports if report.sequence > arguments[0]] if self.method == "reports" else None
        )


class FakeCluster:
    """Nodes that a test adds and removes; the clock goes on by what is waited for in vain."""

    def __init__(self) -> None:
        self.listed: dict[str, NodeInfo] = {}
        self.agents: dict[str, list[FakeAgent]] = {}
        self.facts: dict[str, Facts] = {}
        self.states: dict[str, str] = {}  # of agents when they are started
        self.now = 0.0
        self.put_files: list[str] = []

    def clock(self) -> float:
        return self.now

    def add(self, name: str, cpus: int = 1, state: str = "fine", **facts: Any) -> None:
        self.listed[f"id-{name}"] = NodeInfo(f"id-{name}", name, cpus)
        self.facts[name] = replace(HERE, **facts)
        self.states[name] = state

    def remove(self, name: str) -> None:
        del self.listed[f"id-{name}"]

    def agent(self, name: str) -> FakeAgent:
        return self.agents[name][-1]

    def nodes(self) -> list[NodeInfo]:
        return list(self.listed.values())

    def start(self, node: NodeInfo, slots: int, incarnation: int, setup: Setup) -> FakeAgent:
        agent = FakeAgent(incarnation, self.facts[node.name], self.states[node.name])
        self.agents.setdefault(node.name, []).append(agent)
        return agent

    def call(self, agent: FakeAgent, method: str, *arguments: Any) -> FakeCall:
        return FakeCall(agent, method, arguments, self.now)

    def ready(self, calls: list[FakeCall], timeout: float) -> list[FakeCall]:
        found = [call for call in calls if call.is_ready(self.now)]
        self.now += 0.01 if found else timeout
        return found

    def result(self, call: FakeCall) -> Any:
        return call.answer()

    def kill(self, agent: FakeAgent) -> None:
        agent.killed = True

    def put(self, file: str) -> str:
        self.put_files.append(file)
        return f"content of {file}"


def until(condition: Callable[[], bool], step: Callable[[], None], most: int = 2000) -> None:
    """Steps until a condition holds."""
    for _ in range(most):
        if condition():
            return
        step()
    raise AssertionError("it has not come to that")
