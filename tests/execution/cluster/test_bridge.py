"""The bridge passes on what driver and dispatcher say, and ends with the driver."""

import threading
from multiprocessing import Pipe
from typing import Any

import pytest

from mnist_sweep.config.runtime_settings import RayConfig
from mnist_sweep.execution.cluster import bridge
from mnist_sweep.execution.cluster.dispatcher import Dispatcher
from mnist_sweep.execution.cluster.messages import Command, Connecting, Delivered, Ready, Refused, Status
from mnist_sweep.execution.executor import Done, Job, Limits, Started

from .fake import HERE, SETUP, FakeCluster


def received(connection: Any, kind: type) -> Any:
    """The next message of a kind."""
    while connection.poll(5):
        message = connection.recv()
        if isinstance(message, kind):
            return message
    raise AssertionError(f"no {kind.__name__} has come")


def test_jobs_go_in_and_events_come_out_until_the_driver_is_gone() -> None:
    cluster = FakeCluster()
    cluster.add("a")
    dispatcher = Dispatcher(cluster, SETUP, HERE, None, 100, cluster.clock)
    here, there = Pipe()
    ended = []

    def serve() -> None:
        with pytest.raises((EOFError, BrokenPipeError, ConnectionResetError)):
            bridge.serve(there, dispatcher, "a cluster")
        ended.append(True)

    thread = threading.Thread(target=serve)
    thread.start()
    assert received(here, Ready) == Ready("a cluster")
    here.send(Command("submit", Job(4, "train", {}, "folder")))
    agent = cluster.agent("a")
    while not agent.submitted:
        pass
    agent.say(agent.ticket(4), Started(4))
    assert received(here, Delivered) == Delivered(Started(4, "a"))
    here.send(Command("stop", number=4))
    while not agent.stopped:
        pass
    agent.say(agent.ticket(4), Done(4, {"stopped": True}))
    assert received(here, Delivered).event == Done(4, {"stopped": True})
    assert received(here, Status).nodes[0].ended == 1
    here.close()
    thread.join(5)
    assert ended == [True]


def test_a_wrong_address_is_refused_before_ray_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = Pipe()
    runtime = RayConfig("ray", None, None, None, [], "127.0.0.1:1", None, 300.0)
    here.send(Connecting(runtime, Limits(), (), None, None))
    bridge.run(there)
    refused = received(here, Refused)
    assert "runtime.address=127.0.0.1:1: nothing answers there" in refused.reason
    assert not refused.is_mistake
