"""Gives jobs to nodes, and hears what becomes of them: from each job one end counts, wherever it ran.

A node's agent is asked for reports, a call that is answered as soon as there are some. An agent that is gone, can't be
reached or does not answer is given up: its jobs are lost, and whatever it says later is dropped. The node may get
another agent, which is another incarnation.
"""

import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mnist_sweep.config import Unavailable, UserError
from mnist_sweep.execution.cluster.checkpoints import read as read_checkpoint
from mnist_sweep.execution.cluster.messages import Delivered, Facts, Report, Setup, Status
from mnist_sweep.execution.cluster.node import AgentLost, AgentRefused, AgentUnreachable, Cluster, Node, NodeInfo
from mnist_sweep.execution.cluster.placement import choose
from mnist_sweep.execution.executor import Cause, Done, Epoch, Failed, Job, Notice, Saved, Started, Trained
from mnist_sweep.formatting import duration

LOOK_SECONDS = 1.0  # between two looks at the list of nodes
POLL_SECONDS = 2.0  # for which an agent waits until it answers that there is nothing to report
SILENT_SECONDS = 30.0  # without an answer, after which an agent is given up
UNREACHABLE_SECONDS = 10.0  # of failing calls, after which an agent is given up
FAILED_STARTS = 3  # in a row, after which an agent is given up
PAUSE_SECONDS = 0.5  # before an agent that could not be reached is asked again
RESTART_SECONDS = 2.0  # before a node gets another agent; doubled each time, up to a minute
CLOSE_SECONDS = 2.0
START_SECONDS = 20.0  # to wait for further nodes when the first one is there
COMPARED = ("python", "mnist_sweep", "tensorflow", "keras", "numpy")  # versions that must be the driver's


def difference(here: Facts, there: Facts) -> str:
    """Returns the first difference that makes a node unusable, empty for none."""
    for name in COMPARED:
        if here.versions[name] != there.versions.get(name):
            return f"{name} {there.versions.get(name, 'is missing')} there, {here.versions[name]} here"
    return "" if here.source == there.source else "mnist_sweep of another source there, of the same version"


class Dispatcher:
    """The jobs of one driver on the nodes of one cluster."""

    def __init__(
        self, cluster: Cluster, setup: Setup, here: Facts, slots: int | None, node_timeout: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """Makes a dispatcher without nodes; `step` looks for them.

        Args:
            cluster: Where the jobs run.
            setup: What agents are made with.
            here: What the driver's machine is.
            slots: How many jobs may train on each node, None for its CPUs.
            node_timeout: Seconds to wait for a node where there is none.
            clock: Seconds that never go back.
        """
        self.cluster, self.setup, self.here = cluster, setup, here
        self.slots, self.node_timeout, self.clock = slots, node_timeout, clock
        self.nodes: dict[str, Node] = {}
        self.waiting: list[Job] = []
        self.is_ready = False
        self._began = self._ticked = clock()
        self._looked: float | None = None
        self._alone_since: float | None = self._began
        self._refused: set[str] = set()  # ids of nodes that differ
        self._incarnations: dict[str, int] = {}
        self._not_before: dict[str, float] = {}  # when a node gets another agent
        self._failures: dict[str, int] = {}  # agents of a node that were lost since a job ended on it
        self._classes: dict[int, str] = {}  # of jobs that were lost, where they were begun
        self._gone: dict[str, Node] = {}
        self._released: list[tuple[Any, float]] = []  # agents of nodes that leave, which have a moment to clean up
        self._tickets = secrets.randbits(40)  # a folder is named after each, also by earlier dispatchers
        self._out: list[Delivered] = []
        self._why = ""  # the last agent was lost before it was ready
        self._error: UserError | None = None  # which ends it as soon as what was heard before is passed on

    def submit(self, job: Job) -> None:
        """Takes a job, which waits for a node."""
        self.waiting.append(job)

    def stop(self, number: int) -> None:
        """Requests that a job stops; one that waits for a node ends at once."""
        for job in [job for job in self.waiting if job.number == number]:
            self.waiting.remove(job)
            self._out.append(Delivered(Failed(number, "it waited for a node", "lost")))
        for node in self.nodes.values():
            for ticket, job in node.jobs.items():
                if job.number == number:
                    self._send(node, "stop", ticket)

    def status(self) -> Status:
        """Returns what the nodes do. The slots are never 0: a job may wait here for a node."""
        usable = [node for node in self.nodes.values() if node.is_usable]
        shown = [node for node in (*self._gone.values(), *self.nodes.values()) if node.facts]
        return Status(max(1, sum(node.slots for node in usable)), tuple(node.status() for node in shown))

    def step(self, timeout: float) -> list[Delivered]:
        """Does what there is to do, and returns what has happened.

        Args:
            timeout: Seconds to wait for an answer.

        Raises:
            UserError: A node differs from the driver, before the first job.
            Unavailable: There is no node, and none has come in time; or no node has room on its disk.
        """
        if self._error is None:
            try:
                self._step(timeout)
            except UserError as error:
                self._error = error
        out, self._out = self._out, []
        if self._error is not None and not out:
            raise self._error
        return out

    def _step(self, timeout: float) -> None:
        self._count()
        self._look()
        self._resume()
        self._place()
        answered = self.cluster.ready(self._calls(), timeout)
        for node in list(self.nodes.values()):
            self._hear(node, answered)
        self._give_up_the_silent()
        self._place()
        self._check_alone()

    def close(self) -> None:
        """Ends all agents, and gives them a moment to clean up."""
        calls = [self.cluster.call(node.agent, "close") for node in self.nodes.values() if node.facts]
        end = self.clock() + CLOSE_SECONDS
        while calls and self.clock() < end:
            answered = self.cluster.ready(calls, end - self.clock())
            calls = [call for call in calls if call not in answered]
        for node in self.nodes.values():
            self.cluster.kill(node.agent)
        self.nodes.clear()

    def _calls(self) -> list[object]:
        calls: list[object] = []
        for node in self.nodes.values():
            calls += [*node.sent, *([node.question] if node.question is not None else [])]
        return calls

    def _count(self) -> None:
        now, before = self.clock(), self._ticked
        self._ticked = now
        for node in self.nodes.values():
            if node.is_usable:
                node.count(now - before)

    def _look(self) -> None:
        """Compares the nodes with those that the cluster lists."""
        now = self.clock()
        if self._looked is not None and now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        listed = {info.id: info for info in self.cluster.nodes()}
        for node in [node for node in self.nodes.values() if node.info.id not in listed]:
            self._lose(node, "it has left the cluster")
        self._let_go(listed)
        for info in listed.values():
            is_known = info.id in self.nodes or info.id in self._refused
            if not (is_known or info.is_draining) and now >= self._not_before.get(info.id, 0.0):
                self._start(info)
        if not self.is_ready:
            self._check_begun(listed)

    def _let_go(self, listed: dict[str, NodeInfo]) -> None:
        """Gives nodes that are drained no further jobs, and ends their agents, so that they can leave, when idle."""
        now = self.clock()
        late = [one for one in self._released if now - one[1] > CLOSE_SECONDS]
        for agent, _ in late:
            self.cluster.kill(agent)
        self._released = [one for one in self._released if one not in late]
        for node in [node for node in self.nodes.values() if node.info.id in listed]:
            if listed[node.info.id].is_draining and not node.is_leaving:
                node.is_leaving = True
                self._out.append(Delivered(Notice(f"Node {node.info.name} is drained: it gets no further trials")))
            if node.is_leaving and not node.jobs:
                self.cluster.call(node.agent, "close")
                self._released.append((node.agent, now))
                del self.nodes[node.info.id]
                node.slots = 0
                self._gone[node.info.id] = node

    def _check_begun(self, listed: dict[str, NodeInfo]) -> None:
        if not listed:
            raise Unavailable(
                "runtime.address: the Ray cluster has no node with CPUs; start one: ray start --address=..."
            )
        there = sum(node.facts is not None for node in self.nodes.values())
        is_late = self.clock() - self._began > START_SECONDS
        self.is_ready = there > 0 and (is_late or there == len(self.nodes))

    def _start(self, info: NodeInfo) -> None:
        incarnation = self._incarnations[info.id] = self._incarnations.get(info.id, 0) + 1
        slots = self.slots or info.cpus
        agent = self.cluster.start(info, slots, incarnation, self.setup)
        question = self.cluster.call(agent, "facts")
        self.nodes[info.id] = Node(info, slots, agent, incarnation, question, self.clock())

    def _place(self) -> None:
        for job in list(self.waiting):
            wanted = self._classes.get(job.number, job.machine_class)
            chosen = choose((node.room() for node in self.nodes.values() if node.is_usable), wanted)
            if chosen is None:
                continue
            node = self.nodes[chosen]
            self.waiting.remove(job)
            self._tickets += 1
            node.jobs[self._tickets] = job
            shared = job.settings.get("shared")
            is_far = node.facts is not None and node.facts.place != self.setup.place
            content = self.cluster.put(str(shared["file"])) if shared and is_far else None
            checkpoint = read_checkpoint(Path(job.folder)) if is_far else None
            self._send(node, "submit", self._tickets, job, content, checkpoint)

    def _send(self, node: Node, *message: object) -> None:
        method, *arguments = message
        node.sent[self.cluster.call(node.agent, str(method), *arguments)] = message

    def _resume(self) -> None:
        """Asks and sends again where an agent could not be reached."""
        for node in self.nodes.values():
            if self.clock() < (node.pause_until or 0.0):
                continue
            unsent, node.unsent = node.unsent, []
            for message in unsent:
                self._send(node, *message)
            if node.question is None:
                self._ask(node)

    def _ask(self, node: Node) -> None:
        arguments = ("reports", node.received, POLL_SECONDS) if node.facts else ("facts",)
        node.question = self.cluster.call(node.agent, *arguments)
        node.asked = self.clock()

    def _hear(self, node: Node, answered: list[object]) -> None:
        try:
            for call in [call for call in node.sent if call in answered]:
                message = node.sent.pop(call)
                try:
                    self.cluster.result(call)
                except AgentUnreachable:
                    node.unsent.append(message)
                    raise
            if node.question in answered:
                question, node.question = node.question, None
                self._answer(node, self.cluster.result(question))
        except AgentRefused as error:
            self._refuse(node, f"node {node.info.name} can't run an agent: {error}")
        except AgentLost as error:
            self._lose(node, str(error))
        except AgentUnreachable as error:
            node.unreachable_since = node.unreachable_since or self.clock()
            node.pause_until = self.clock() + PAUSE_SECONDS
            if self.clock() - node.unreachable_since > UNREACHABLE_SECONDS:
                self._lose(node, str(error))

    def _answer(self, node: Node, answer: object) -> None:
        node.unreachable_since = None
        if isinstance(answer, Facts):
            if different := difference(self.here, answer):
                self._refuse(node, f"node {node.info.name} differs from this machine: {different}")
                return
            node.facts = answer
            self._join(node)
        elif isinstance(answer, list):
            for report in answer:
                self._receive(node, report)
            if node.failed_starts >= FAILED_STARTS:
                raise AgentLost(f"it has failed to start {FAILED_STARTS} trials in a row")
        self._ask(node)

    def _refuse(self, node: Node, text: str) -> None:
        """Leaves out a node that can't do what the driver's machine does; before the first job it is a mistake."""
        if not self.is_ready:
            raise UserError(f"{text}; install the same on every node")
        self._out.append(Delivered(Notice(f"{text}; it is left out")))
        self._refused.add(node.info.id)
        self.cluster.kill(self.nodes.pop(node.info.id).agent)

    def _join(self, node: Node) -> None:
        if self.is_ready:
            self._out.append(Delivered(Notice(f"Node {node.info.name} has joined, with {node.slots} slots")))
        others = {other.machine_class for other in self.nodes.values() if other.facts} - {node.machine_class}
        if others and node.incarnation == 1:
            self._out.append(Delivered(Notice(
                f"Node {node.info.name} is of another class of machine ({node.machine_class}) than "
                f"{', '.join(others)}: the same configuration may give other bits there; each trial's class is recorded"
            )))  # fmt: skip
        node.go_on_as(self._gone.pop(node.info.id, None))

    def _receive(self, node: Node, report: Report) -> None:
        """Passes on a report, unless it is of an earlier attempt."""
        if report.incarnation != node.incarnation or report.sequence <= node.received:
            return
        node.received = report.sequence
        job = node.jobs.get(report.ticket)
        if job is None:
            return
        event = report.event
        if isinstance(event, Started):
            node.begun.add(report.ticket)
            event = Started(job.number, node.info.name)
        elif isinstance(event, Trained):
            node.trained.add(report.ticket)
        elif isinstance(event, Done | Failed):
            event = self._end(node, report.ticket, event)
        elif not isinstance(event, Epoch | Saved):
            return
        self._out.append(Delivered(event, report.files, report.folder))

    def _end(self, node: Node, ticket: int, event: Done | Failed) -> Done | Failed:
        """Takes a job that has ended from its node; returns what is said of it."""
        del node.jobs[ticket]
        node.ended += 1
        node.failed_starts = 0 if ticket in node.begun else node.failed_starts + 1
        node.begun.discard(ticket)
        node.trained.discard(ticket)
        if isinstance(event, Done):
            self._failures.pop(node.info.id, None)
        else:
            self._classes[event.number] = node.machine_class  # where it is run again, if it is
            if event.cause == "disk":
                return self._full(node, event)
        return event

    def _full(self, node: Node, event: Failed) -> Failed:
        """Takes a node with a full disk out; the job is run again on another one."""
        node.is_full = True
        text = f"the disk of node {node.info.name} is full ({event.reason})"
        if not any(other.is_usable for other in self.nodes.values()):
            raise Unavailable(f"{text}: free some space and run the same command to go on")
        self._out.append(Delivered(Notice(f"{text}: it gets no further trials")))
        return Failed(event.number, text, "lost")

    def _give_up_the_silent(self) -> None:
        for node in list(self.nodes.values()):
            passed = self.clock() - node.asked
            if node.facts and node.question is not None and passed > POLL_SECONDS + SILENT_SECONDS:
                self._lose(node, f"it has not answered for {duration(passed)}")

    def _lose(self, node: Node, reason: str) -> None:
        """Gives a node's agent up; the node may get another one."""
        name = node.info.name
        del self.nodes[node.info.id]
        self.cluster.kill(node.agent)
        failures = self._failures[node.info.id] = self._failures.get(node.info.id, 0) + 1
        self._not_before[node.info.id] = self.clock() + min(60.0, RESTART_SECONDS * 2 ** min(failures - 1, 10))
        if node.facts is None:
            self._why = f"node {name}: {reason}"
            return
        cause: Cause = "returned" if node.is_leaving else "lost"
        word = "has left" if node.is_leaving else "was lost"
        again = f"; run again: {', '.join(str(job.number) for job in node.jobs.values())}" if node.jobs else ""
        self._out.append(Delivered(Notice(f"Node {name} {word}: {reason}{again}")))
        for job in node.jobs.values():
            self._classes[job.number] = node.machine_class
            self._out.append(Delivered(Failed(job.number, f"node {name} {word}", cause)))
        node.jobs, node.trained, node.slots = {}, set(), 0
        node.lost += not node.is_leaving
        self._gone[node.info.id] = node

    def _check_alone(self) -> None:
        """Raises Unavailable where there has been no node for too long."""
        now = self.clock()
        if any(node.is_usable for node in self.nodes.values()):
            self._alone_since = None
            return
        self._alone_since = now if self._alone_since is None else self._alone_since
        if now - self._alone_since <= self.node_timeout or not (self.waiting or not self.is_ready):
            return
        waited = f"within runtime.node_timeout={self.node_timeout:g} seconds"
        if self.is_ready:
            raise Unavailable(f"the last node of the Ray cluster was lost, and no other one has joined {waited}: "
                              "start nodes and run the same command to go on")  # fmt: skip
        if self._why:
            raise Unavailable(f"no node of the Ray cluster has become ready {waited}: {self._why}")
        busy = ", ".join(f"{node.info.name} ({node.info.cpus} CPUs)" for node in self.nodes.values())
        raise Unavailable(f"no node of the Ray cluster has had its CPUs free {waited}: {busy}; end what uses them, or "
                          "set runtime.workers_per_node")  # fmt: skip
