"""What is shown of a node."""

from mnist_sweep.execution.cluster.node import Node, NodeInfo
from mnist_sweep.execution.executor import Job, NodeStatus

from .fake import HERE


def test_a_node_takes_jobs_once_it_has_said_what_it_is() -> None:
    node = Node(NodeInfo("id", "a", 2), 2, None, 1, None, 0.0)
    assert (node.is_usable, node.status().slots, node.machine_class) == (False, 0, "")
    node.facts = HERE
    assert (node.is_usable, node.machine_class) == (True, "abc")
    node.jobs = {7: Job(3, "train", {}, "x"), 8: Job(1, "train", {}, "y")}
    node.trained = {8}
    node.count(10)
    assert node.status() == NodeStatus("a", 2, (1, 3), 0.5, 0, "abc", joined=0)
    assert (node.room().active, node.room().writing) == (2, 1)
    node.is_full = True
    assert node.status().slots == 0


def test_a_node_that_is_back_has_the_figures_of_before() -> None:
    before, again = (Node(NodeInfo("id", "a", 2), 2, None, number, None, 0.0, facts=HERE) for number in (1, 2))
    before.go_on_as(None)
    before.jobs = {7: Job(3, "train", {}, "x")}
    before.count(10)
    before.ended, before.lost = 4, 1
    again.go_on_as(before)
    again.count(10)
    assert again.status() == NodeStatus("a", 2, (), 0.25, 4, "abc", joined=2, lost=1)
