"""The bridge passes on what driver and dispatcher say, and ends with the driver."""

import contextlib
import threading
import time
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


def test_both_sides_may_send_more_than_a_pipe_holds() -> None:
    cluster = FakeCluster()
    for number in range(100):
        cluster.add(f"node-{number}", cpus=4)
    dispatcher = Dispatcher(cluster, SETUP, HERE, None, 100, cluster.clock)
    here, there = Pipe()
    thread = threading.Thread(target=_served, args=(there, dispatcher), daemon=True)
    thread.start()
    received(here, Ready)

    def send() -> None:
        for number in range(400):
            here.send(Command("submit", Job(number, "train", {"x": "y" * 4000}, "folder")))
            time.sleep(0.003)  # in which the bridge says what its nodes do now

    sent = threading.Thread(target=send, daemon=True)
    sent.start()  # as the driver does, which reads nothing meanwhile
    sent.join(20)
    assert not sent.is_alive()
    while not received(here, Status).nodes[99].running:
        pass
    here.close()
    thread.join(10)
    assert not thread.is_alive()


def _served(connection: Any, dispatcher: Dispatcher) -> None:
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        bridge.serve(connection, dispatcher, "a cluster")


def test_a_wrong_address_is_refused_before_ray_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = Pipe()
    runtime = RayConfig("ray", None, None, None, [], "127.0.0.1:1", None, 300.0)
    here.send(Connecting(runtime, Limits(), (), None, None))
    bridge.run(there)
    refused = received(here, Refused)
    assert "runtime.address=127.0.0.1:1: nothing answers there" in refused.reason
    assert not refused.is_mistake
