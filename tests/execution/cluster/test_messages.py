"""What crosses a pipe or a network is plain data, equal on the other side."""

from multiprocessing import Pipe

from mnist_sweep.config.runtime_settings import RayConfig
from mnist_sweep.execution.cluster.messages import Command, Connecting, Delivered, Ready, Refused, Report, Status
from mnist_sweep.execution.executor import Done, Job, Limits, NodeStatus

from .fake import HERE, SETUP

JOB = Job(1, "train", {"a": 1}, "folder", machine_class="abc")
RUNTIME = RayConfig("ray", None, None, None, [], "auto", None, 300.0)


def test_messages_arrive_as_they_were_sent() -> None:
    sent = [SETUP, HERE, Report(1, 2, 3, Done(1, {}), {"a": b"x"}), Connecting(RUNTIME, Limits(), (), None, None),
            Command("submit", JOB), Delivered(Done(1, {}), folder="f"), Ready("here"), Refused("no", True),
            Status(1, (NodeStatus("a", 1, (1,), 0.5, 2, "abc"),))]  # fmt: skip
    here, there = Pipe()
    here.send(sent)
    assert there.recv() == sent
