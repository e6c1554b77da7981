"""Which end of a job counts: nodes that are lost, frozen, out of reach, late, full, of other versions or busy."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mnist_sweep.config import Unavailable, UserError
from mnist_sweep.execution.cluster.dispatcher import Dispatcher, difference
from mnist_sweep.execution.cluster.messages import Delivered
from mnist_sweep.execution.executor import Done, Epoch, Event, Failed, Job, Notice, Saved, Started, Trained

from .fake import HERE, SETUP, FakeCluster, until


def job(number: int, **more: Any) -> Job:
    return Job(number, "train", {}, f"folder/{number}", **more)


class Dispatched:
    """A dispatcher on a cluster, and what it has said."""

    def __init__(self, cluster: FakeCluster, slots: int | None = None, node_timeout: float = 100.0) -> None:
        self.cluster = cluster
        self.dispatcher = Dispatcher(cluster, SETUP, HERE, slots, node_timeout, cluster.clock)
        self.out: list[Delivered] = []

    def step(self) -> None:
        self.out += self.dispatcher.step(0.5)

    def ready(self) -> "Dispatched":
        until(lambda: self.dispatcher.is_ready, self.step)
        return self

    def submit(self, *jobs: Job) -> None:
        for one in jobs:
            self.dispatcher.submit(one)
        self.step()
        self.step()

    def hear(self, seconds: float = 1.0) -> list[Event]:
        """What is said within some seconds."""
        end, before = self.cluster.now + seconds, len(self.out)
        until(lambda: self.cluster.now > end, self.step)
        return [delivered.event for delivered in self.out[before:]]

    def where(self, number: int) -> str:
        """The name of the node that a job is on."""
        (name,) = [node.info.name for node in self.dispatcher.nodes.values()
                   if any(one.number == number for one in node.jobs.values())]  # fmt: skip
        return name


@pytest.fixture
def cluster() -> FakeCluster:
    found = FakeCluster()
    for name in "ab":
        found.add(name)
    return found


def ends(events: list[Event]) -> list[tuple[int, str]]:
    return [
        (event.number, "done" if isinstance(event, Done) else event.cause)
        for event in events
        if isinstance(event, Done | Failed)
    ]


def notices(events: list[Event]) -> str:
    return "; ".join(event.text for event in events if isinstance(event, Notice))


def test_jobs_are_spread_and_their_events_are_passed_on(cluster: FakeCluster) -> None:
    it = Dispatched(cluster).ready()
    it.submit(job(0), job(1), job(2))
    assert {it.where(0), it.where(1)} == {"a", "b"}
    assert [one.number for one in it.dispatcher.waiting] == [2]
    agent = cluster.agent(it.where(0))
    for event in (Started(0), Epoch(0, {"epoch": 1.0}), Trained(0), Done(0, {"stopped": False})):
        agent.say(agent.ticket(0), event, **({"files": {"log.txt": b"x"}} if isinstance(event, Done) else {}))
    name = it.where(0)
    assert it.hear() == [Started(0, name), Epoch(0, {"epoch": 1.0}), Trained(0), Done(0, {"stopped": False})]
    assert it.out[-1].files == {"log.txt": b"x"}
    assert it.where(2) == name  # its slot was free
    status = it.dispatcher.status()
    assert status.slots == 2
    assert {node.name: (node.slots, node.running, node.ended) for node in status.nodes}[name] == (1, (2,), 1)


def test_a_trained_job_makes_room_for_another_one() -> None:
    cluster = FakeCluster()
    cluster.add("a")
    it = Dispatched(cluster).ready()
    it.submit(job(0), job(1), job(2))
    agent = cluster.agent("a")
    agent.say(agent.ticket(0), Trained(0))
    it.hear()
    assert sorted(one.number for one in agent.submitted.values()) == [0, 1]
    agent.say(agent.ticket(1), Trained(1))  # two that write their files are enough for one slot
    it.hear()
    assert sorted(one.number for one in agent.submitted.values()) == [0, 1]


@pytest.mark.parametrize(
    ("state", "seconds", "reason"),
    [("lost", 3, "its agent died"), ("unreachable", 20, "it can't be reached"), ("silent", 60, "has not answered")],
)
def test_what_ran_on_a_node_that_is_gone_is_lost_and_its_late_answers_are_dropped(
    cluster: FakeCluster, state: str, seconds: float, reason: str
) -> None:
    it = Dispatched(cluster).ready()
    it.submit(job(0), job(1))
    name = it.where(0)
    agent, ticket = cluster.agent(name), cluster.agent(name).ticket(0)
    agent.state = state
    events = it.hear(seconds)
    assert ends(events) == [(0, "lost")]
    assert reason in notices(events)
    assert "run again: 0" in notices(events)
    assert agent.killed
    it.submit(job(0))  # as the runner does, under the same number
    agent.state = "fine"  # it is back, and says what it has done meanwhile
    agent.say(ticket, Epoch(0, {"epoch": 1.0}))
    agent.say(ticket, Done(0, {"stopped": False}))
    assert ends(it.hear(5)) == []
    again = cluster.agent(it.where(0))
    assert again is not agent
    again.say(again.ticket(0), Done(0, {"stopped": False}))
    assert ends(it.hear(5)) == [(0, "done")]


def test_the_reports_of_another_incarnation_and_those_of_before_are_dropped(cluster: FakeCluster) -> None:
    it = Dispatched(cluster).ready()
    it.submit(job(0))
    agent = cluster.agent(it.where(0))
    first = agent.say(agent.ticket(0), Epoch(0, {"epoch": 1.0}))
    assert it.hear() == [Epoch(0, {"epoch": 1.0})]
    node = next(node for node in it.dispatcher.nodes.values() if node.agent is agent)
    it.dispatcher._receive(node, first)
    it.dispatcher._receive(node, replace(first, incarnation=0, sequence=9))
    it.dispatcher._receive(node, replace(first, ticket=77, sequence=10))
    assert it.hear() == []


def test_a_node_that_was_out_of_reach_for_a_moment_keeps_its_jobs_and_gets_what_was_sent(cluster: FakeCluster) -> None:
    it = Dispatched(cluster, slots=2).ready()
    it.submit(job(0))
    agent = cluster.agent(it.where(0))
    agent.state = "unreachable"
    it.dispatcher.stop(0)
    assert ends(it.hear(5)) == []
    agent.state = "fine"
    agent.say(agent.ticket(0), Done(0, {"stopped": True}))
    assert ends(it.hear(5)) == [(0, "done")]
    assert agent.stopped == [agent.ticket(0)]
    assert not agent.killed


def test_a_node_gets_another_agent_which_is_another_incarnation(cluster: FakeCluster) -> None:
    it = Dispatched(cluster).ready()
    cluster.agent("a").state = "lost"
    events = it.hear(10)
    assert "Node a was lost: its agent died" in notices(events)
    assert "Node a has joined, with 1 slots" in notices(events)
    assert [agent.incarnation for agent in cluster.agents["a"]] == [1, 2]


def test_an_agent_that_dies_again_and_again_is_started_less_and_less_often(cluster: FakeCluster) -> None:
    it = Dispatched(cluster).ready()
    cluster.agent("a").state = "lost"
    cluster.states["a"] = "lost"
    it.hear(120)
    assert 5 <= len(cluster.agents["a"]) <= 8  # after 2, 4, 8, 16, 32 and 60 seconds


def test_an_agent_that_starts_no_trial_is_given_up_before_it_has_lost_them_all() -> None:
    cluster = FakeCluster()
    cluster.add("a")
    it = Dispatched(cluster).ready()
    agent, heard = cluster.agent("a"), []
    for number in range(3):
        it.submit(job(number))
        agent.say(agent.ticket(number), Failed(number, "the fork server has died", "lost"))
        heard += it.hear()
    assert ends(heard) == [(0, "lost"), (1, "lost"), (2, "lost")]
    assert "Node a was lost: it has failed to start 3 trials in a row" in notices(heard)
    assert agent.killed


def test_nodes_that_join_and_leave(cluster: FakeCluster) -> None:
    it = Dispatched(cluster).ready()
    cluster.add("c", 3)
    assert "Node c has joined, with 3 slots" in notices(it.hear(2))
    assert it.dispatcher.status().slots == 5
    cluster.remove("c")
    assert "Node c was lost: it has left the cluster" in notices(it.hear(2))
    assert it.dispatcher.status().slots == 2
    assert [(node.name, node.slots) for node in it.dispatcher.status().nodes] == [("c", 0), ("a", 1), ("b", 1)]


def test_without_a_node_a_job_waits_and_at_last_everything_stops(cluster: FakeCluster) -> None:
    it = Dispatched(cluster, node_timeout=50).ready()
    it.submit(job(0))
    for name in "ab":
        cluster.remove(name)
    assert ends(it.hear(2)) == [(0, "lost")]
    it.submit(job(0))
    assert it.dispatcher.status().slots == 1  # a job may wait
    assert it.hear(30) == []
    cluster.add("c")
    it.hear(5)
    assert it.where(0) == "c"
    cluster.remove("c")
    it.hear(2)
    it.submit(job(0))
    with pytest.raises(Unavailable, match=r"last node .* runtime.node_timeout=50 seconds: start nodes and run"):
        it.hear(60)


def test_a_stop_request_ends_a_job_that_waits_and_reaches_one_that_runs(cluster: FakeCluster) -> None:
    it = Dispatched(cluster).ready()
    it.submit(job(0), job(1), job(2))
    it.dispatcher.stop(2)
    it.dispatcher.stop(0)
    assert ends(it.hear()) == [(2, "lost")]
    agent = cluster.agent(it.where(0))
    assert agent.stopped == [agent.ticket(0)]


def test_a_node_with_a_full_disk_gets_no_more_jobs(cluster: FakeCluster) -> None:
    it = Dispatched(cluster).ready()
    it.submit(job(0))
    name = it.where(0)
    agent = cluster.agent(name)
    agent.say(agent.ticket(0), Failed(0, "no space", "disk"))
    events = it.hear()
    assert ends(events) == [(0, "lost")]
    assert f"the disk of node {name} is full (no space): it gets no further trials" in notices(events)
    it.submit(job(0))
    other = it.where(0)
    assert other != name
    agent = cluster.agent(other)
    agent.say(agent.ticket(0), Failed(0, "no space", "disk"))
    with pytest.raises(Unavailable, match=f"the disk of node {other} is full .* run the same command"):
        it.hear()


def test_a_node_of_other_versions_is_refused_before_the_first_job_and_left_out_later(cluster: FakeCluster) -> None:
    other = {**HERE.versions, "tensorflow": "2.20.0"}
    cluster.add("c", versions=other)
    with pytest.raises(UserError, match=r"node c differs from this machine: tensorflow 2.20.0 there, 2.21.0 here;"):
        Dispatched(cluster).ready()
    cluster.remove("c")
    it = Dispatched(cluster).ready()
    cluster.add("c", versions=other)
    assert notices(it.hear(20)).count("node c differs") == 1
    assert it.dispatcher.status().slots == 2


def test_differences() -> None:
    assert difference(HERE, HERE) == ""
    assert "of another source" in difference(HERE, replace(HERE, source="other"))
    assert difference(HERE, replace(HERE, versions={"python": "3.12.1"})) == "python 3.12.1 there, 3.11.9 here"


def test_a_node_that_can_not_run_an_agent_is_named(cluster: FakeCluster) -> None:
    cluster.add("c", state="refused")
    with pytest.raises(UserError, match="node c can't run an agent: ModuleNotFoundError: No module named 'mn"):
        Dispatched(cluster).ready()


def test_a_cluster_without_cpus_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="has no node with CPUs"):
        Dispatched(FakeCluster()).ready()


def test_a_cluster_whose_cpus_are_in_use_is_waited_for() -> None:
    cluster = FakeCluster()
    cluster.add("a", 4, state="busy")
    it = Dispatched(cluster, node_timeout=50)
    it.hear(30)
    assert not it.dispatcher.is_ready
    with pytest.raises(Unavailable, match=r"has had its CPUs free .*a \(4 CPUs\)"):
        it.hear(60)


def test_a_cluster_whose_agents_die_at_once_says_so() -> None:
    cluster = FakeCluster()
    cluster.add("a", state="lost")
    with pytest.raises(
        Unavailable, match=r"no node .* has become ready within runtime.node_timeout=50 .*node a: its agent"
    ):
        Dispatched(cluster, node_timeout=50).ready()


def test_one_free_node_is_enough_and_the_others_come_later(cluster: FakeCluster) -> None:
    cluster.add("c", state="busy")
    it = Dispatched(cluster).ready()
    assert cluster.now > 15
    cluster.agent("c").state = "fine"
    assert "Node c has joined" in notices(it.hear(5))


def test_a_lost_job_is_run_again_in_its_class_of_machine_where_one_is_up() -> None:
    cluster = FakeCluster()
    cluster.add("a", 1)
    cluster.add("b", 1)
    cluster.add("c", 8, machine={"machine_class": "other"})
    it = Dispatched(cluster).ready()
    it.submit(job(0, machine_class="abc"))
    name = it.where(0)
    assert name in "ab"
    cluster.agent(name).state = "lost"
    cluster.states[name] = "busy"
    it.hear(3)
    it.submit(job(0))  # the node with the most slots is of another class
    assert {name, it.where(0)} == {"a", "b"}
    assert "c is of another class of machine (other) than abc" in notices([delivered.event for delivered in it.out])


def test_shared_data_go_to_nodes_that_can_not_see_them() -> None:
    cluster = FakeCluster()
    cluster.add("near")
    cluster.add("far", place=("another boot", "pid", "mnt"))
    it = Dispatched(cluster).ready()
    it.submit(*(job(number, settings={"shared": {"file": "/proc/1/fd/5", "arrays": {}}}) for number in range(2)))
    assert cluster.agent("near").contents == [None]
    assert cluster.agent("far").contents == ["content of /proc/1/fd/5"]


def test_the_busy_share_counts_training_slots() -> None:
    cluster = FakeCluster()
    cluster.add("a", 2)
    it = Dispatched(cluster).ready()
    it.submit(job(0))
    it.hear(100)
    (status,) = it.dispatcher.status().nodes
    assert status.busy == pytest.approx(0.5, abs=0.02)


def test_close_ends_every_agent(cluster: FakeCluster) -> None:
    it = Dispatched(cluster).ready()
    it.dispatcher.close()
    assert all(agent.killed for agents in cluster.agents.values() for agent in agents)


def test_a_lost_trial_goes_on_from_the_checkpoint_that_has_arrived(cluster: FakeCluster, tmp_path: Path) -> None:
    cluster.add("far", cpus=1, place=("elsewhere", "", ""))
    it = Dispatched(cluster).ready()
    it.submit(*(replace(job(number), folder=str(tmp_path / str(number))) for number in range(3)))
    (number,) = [number for number in range(3) if it.where(number) == "far"]
    first = cluster.agent("far")
    first.say(first.ticket(number), Started(number))
    first.say(first.ticket(number), Saved(number), files={"checkpoint.bin": b"epoch 1"})
    it.hear()
    (saved,) = [delivered for delivered in it.out if isinstance(delivered.event, Saved)]
    assert (saved.event, saved.files) == (Saved(number), {"checkpoint.bin": b"epoch 1"})
    assert first.checkpoints == [None]
    (tmp_path / str(number)).mkdir()
    (tmp_path / str(number) / "checkpoint.bin").write_bytes(b"epoch 1")  # as the driver does
    cluster.remove("far")
    it.hear(3)
    first.say(first.ticket(number), Saved(number), files={"checkpoint.bin": b"late"})
    cluster.add("far", cpus=1, place=("elsewhere", "", ""))
    it.hear(9)
    it.submit(replace(job(number), folder=str(tmp_path / str(number))))
    assert cluster.agent("far").checkpoints == [b"epoch 1"]
    assert len([delivered for delivered in it.out if isinstance(delivered.event, Saved)]) == 1


def drain(cluster: FakeCluster, name: str) -> None:
    cluster.listed[f"id-{name}"] = replace(cluster.listed[f"id-{name}"], is_draining=True)


def test_a_drained_node_finishes_what_it_runs_and_gets_nothing_more(cluster: FakeCluster) -> None:
    it = Dispatched(cluster).ready()
    it.submit(job(0), job(1))
    name = it.where(0)
    agent = cluster.agent(name)
    drain(cluster, name)
    assert f"Node {name} is drained: it gets no further trials" in notices(it.hear(3))
    it.submit(job(2))
    assert [one.number for one in it.dispatcher.waiting] == [2]
    agent.say(agent.ticket(0), Done(0, {"stopped": False}))
    assert ends(it.hear(6)) == [(0, "done")]
    assert agent.killed  # so that its node can leave
    assert len(cluster.agents[name]) == 1
    assert [one.number for one in it.dispatcher.waiting] == [2]
    (gone,) = [one for one in it.dispatcher.status().nodes if one.name == name]
    assert (gone.slots, gone.ended, gone.lost) == (0, 1, 0)
    cluster.remove(name)
    cluster.add(name)  # another machine in its place
    it.hear(3)
    assert it.where(2) == name


def test_what_a_drained_node_can_not_finish_is_handed_back(cluster: FakeCluster) -> None:
    it = Dispatched(cluster).ready()
    it.submit(job(0), job(1))
    name = it.where(0)
    drain(cluster, name)
    it.hear(3)
    cluster.remove(name)
    events = it.hear(3)
    assert ends(events) == [(0, "returned")]
    assert f"Node {name} has left: it has left the cluster; run again: 0" in notices(events)


def test_what_was_heard_before_everything_ends_is_passed_on(cluster: FakeCluster) -> None:
    it = Dispatched(cluster, node_timeout=50).ready()
    it.submit(job(0), job(1))
    full, other = cluster.agent(it.where(0)), cluster.agent(it.where(1))
    other.say(other.ticket(1), Failed(1, "no space", "disk"))
    it.hear()
    it.dispatcher.submit(job(2))
    full.say(full.ticket(0), Epoch(0, {"epoch": 1.0}))
    full.say(full.ticket(0), Done(0, {}))
    it.hear()
    full.say(full.ticket(2), Epoch(2, {"epoch": 1.0}))
    full.say(full.ticket(2), Failed(2, "no space", "disk"))
    before = len(it.out)
    with pytest.raises(Unavailable, match="the disk of node"):
        it.hear()
    assert Epoch(2, {"epoch": 1.0}) in [delivered.event for delivered in it.out[before:]]
    with pytest.raises(Unavailable, match="the disk of node"):
        it.step()


def test_what_an_agent_says_beside_its_last_failed_start_counts() -> None:
    cluster = FakeCluster()
    cluster.add("a", 4)
    it = Dispatched(cluster).ready()
    it.submit(*(job(number) for number in range(4)))
    agent = cluster.agent("a")
    for number in range(3):
        agent.say(agent.ticket(number), Failed(number, "the fork server has died", "lost"))
    agent.say(agent.ticket(3), Started(3))
    agent.say(agent.ticket(3), Done(3, {}))
    assert ends(it.hear()) == [(0, "lost"), (1, "lost"), (2, "lost"), (3, "done")]
