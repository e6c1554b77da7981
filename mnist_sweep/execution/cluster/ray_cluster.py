"""A cluster as Ray has it: its nodes, agents as actors, and their calls."""

import contextlib
import time
from collections import Counter
from typing import Any

import numpy as np
import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from mnist_sweep.execution.cluster.agent import NodeAgent
from mnist_sweep.execution.cluster.messages import Setup
from mnist_sweep.execution.cluster.node import AgentLost, AgentRefused, AgentUnreachable, NodeInfo
from mnist_sweep.execution.cluster.ray_private import draining_nodes

AT_ONCE = 8  # methods of an agent that run at the same time: reports, submit, stop


class InCluster:
    """Bytes in Ray's object store."""

    def __init__(self, reference: Any) -> None:
        self.references = [reference]  # Ray would fetch a bare one for every call that has it

    def get(self) -> Any:
        """Returns the bytes, as an array."""
        return ray.get(self.references[0])


class RayCluster:
    """The Ray cluster that this process is connected to."""

    def __init__(self) -> None:
        self._content: dict[str, InCluster] = {}

    def nodes(self) -> list[NodeInfo]:
        """Returns the nodes that are alive and have CPUs, each with a name of its own."""
        alive = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) >= 1]
        names = Counter(_name(node) for node in alive)
        draining = draining_nodes()
        return [
            NodeInfo(
                node["NodeID"],
                _name(node) if names[_name(node)] == 1 else f"{_name(node)}-{node['NodeID'][:4]}",
                int(node["Resources"]["CPU"]),
                node["NodeID"] in draining,
            )
            for node in alive
        ]

    def start(self, node: NodeInfo, slots: int, incarnation: int, setup: Setup) -> Any:
        """Starts an agent on a node, which holds the CPUs of its slots; Ray starts it once at most."""
        kind: Any = ray.remote(NodeAgent)
        return kind.options(
            num_cpus=min(slots, node.cpus),
            max_restarts=0,
            max_task_retries=0,
            max_concurrency=AT_ONCE,
            scheduling_strategy=NodeAffinitySchedulingStrategy(node.id, soft=False),
        ).remote(incarnation, node.name, setup)

    def call(self, agent: Any, method: str, *arguments: Any) -> Any:
        """Calls a method of an agent."""
        return getattr(agent, method).remote(*arguments)

    def ready(self, calls: list[Any], timeout: float) -> list[Any]:
        """Returns the calls that have been answered."""
        if not calls:
            time.sleep(timeout)
            return []
        first, _ = ray.wait(calls, num_returns=1, timeout=timeout, fetch_local=False)
        if not first:
            return []
        found, _ = ray.wait(calls, num_returns=len(calls), timeout=0, fetch_local=False)
        return list(found)

    def result(self, call: Any) -> Any:
        """Returns the answer to a call."""
        try:
            return ray.get(call)
        except ray.exceptions.ActorUnavailableError:
            raise AgentUnreachable("it can't be reached") from None
        except ray.exceptions.RayActorError as error:
            raise _lost(error) from None
        except ray.exceptions.RayError as error:
            raise AgentLost(_last_line(error)) from None

    def kill(self, agent: Any) -> None:
        """Ends an agent's process."""
        with contextlib.suppress(ray.exceptions.RayError, ValueError):
            ray.kill(agent, no_restart=True)

    def store(self, content: bytes) -> InCluster:
        """Puts bytes into Ray's object store."""
        return InCluster(ray.put(np.frombuffer(content, np.uint8)))

    def put(self, file: str) -> InCluster:
        """Puts the content of a file into Ray's object store, once."""
        if file not in self._content:
            self._content[file] = InCluster(ray.put(np.fromfile(file, np.uint8)))
        return self._content[file]


def _name(node: dict[str, Any]) -> str:
    """The name that a person has given the node, else its host's."""
    given = str(node.get("NodeName", ""))
    return given if given and given != node["NodeManagerAddress"] else str(node["NodeManagerHostname"])


def _last_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:200] if lines else type(error).__name__


def _lost(error: ray.exceptions.RayActorError) -> AgentLost:
    """Why an agent is gone, in a few words: what Ray says of it fills a page."""
    text = str(error)
    causes = [line.strip() for line in text.splitlines() if "Error: " in line]
    why = causes[-1][:200] if causes else _last_line(error)
    if "failed to import" in text or "ModuleNotFoundError" in text or "ImportError" in text:
        return AgentRefused(why)
    return AgentLost(f"its agent could not be started: {why}" if "creation task" in text else "its agent died")
