"""What is made of what Ray says: names of nodes, and why an agent is gone. Calls are tested on real clusters."""

from typing import Any

import pytest

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'mnist_sweep[ray]'")

from mnist_sweep.execution.cluster import ray_cluster  # noqa: E402
from mnist_sweep.execution.cluster.node import AgentLost, AgentRefused, AgentUnreachable, NodeInfo  # noqa: E402


def node(number: int, name: str = "", cpus: float | None = 2.0, alive: bool = True) -> dict[str, Any]:
    address = "10.0.0.7"
    resources = {} if cpus is None else {"CPU": cpus}
    return {"NodeID": f"{number}abc{number}", "Alive": alive, "NodeName": name or address, "Resources": resources,
            "NodeManagerAddress": address, "NodeManagerHostname": "host"}  # fmt: skip


def test_nodes_with_cpus_have_names_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = [node(1, "a"), node(2), node(3), node(4, "head", None), node(5, "gone", alive=False), node(6, "half", 0.5)]
    monkeypatch.setattr(ray, "nodes", lambda: listed)
    monkeypatch.setattr(ray_cluster, "draining_nodes", lambda: {"1abc1"})
    found = ray_cluster.RayCluster().nodes()
    assert found == [NodeInfo("1abc1", "a", 2, is_draining=True), NodeInfo("2abc2", "host-2abc", 2),
                     NodeInfo("3abc3", "host-3abc", 2)]  # fmt: skip


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (ray.exceptions.ActorUnavailableError("socket closed", None), AgentUnreachable, "it can't be reached"),
        (ray.exceptions.ActorDiedError(), AgentLost, "its agent died"),
        (ray.exceptions.RayActorError(None, "The actor failed to import on the worker.\nModuleNotFoundError: No module "
                                      "named 'mnist_sweep'"),
         AgentRefused, "ModuleNotFoundError: No module named 'mnist_sweep'"),
        (ray.exceptions.RayActorError(None, "an error raised in its creation task, x\nOSError: no space left"),
         AgentLost, "its agent could not be started: OSError: no space left"),
        (ray.exceptions.GetTimeoutError("too\nlate"), AgentLost, "late"),
    ],
)  # fmt: skip
def test_what_ray_raises_is_one_of_three_things(
    monkeypatch: pytest.MonkeyPatch, error: Exception, kind: type[Exception], text: str
) -> None:
    def get(_call: object) -> None:
        raise error

    monkeypatch.setattr(ray, "get", get)
    with pytest.raises(kind, match=text) as raised:
        ray_cluster.RayCluster().result(object())
    assert type(raised.value) is kind


def test_a_file_is_put_into_the_cluster_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "images").write_bytes(b"\x01\x02")
    put: list[bytes] = []
    monkeypatch.setattr(ray, "put", lambda array: put.append(bytes(array)))
    cluster = ray_cluster.RayCluster()
    assert cluster.put(str(tmp_path / "images")) is cluster.put(str(tmp_path / "images"))
    assert put == [b"\x01\x02"]


def test_without_calls_the_time_is_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(ray_cluster.time, "sleep", waited.append)
    assert ray_cluster.RayCluster().ready([], 0.3) == []
    assert waited == [0.3]
