"""The private names of Ray that we need.

The file that names the cluster that was started on this machine last: Ray itself reads it for
`ray.init(address="auto")`, but tries for minutes to reach a cluster that is gone; and what a Ray of our own listens on
has to be known before Ray is imported. And the call that a head node answers without doing anything: only so can we see
whether it asks for a token, since one that does not lets a driver with a token in as well. And which nodes are drained.
"""

import os
from importlib import import_module
from pathlib import Path
from typing import Any

ALIVE = "/ray.rpc.NodeInfoGcsService/CheckAlive"
ANSWER_SECONDS = 5.0


def address_file() -> Path:
    """Returns the file in which Ray keeps the address of the cluster that was started last."""
    return Path(os.environ.get("RAY_TMPDIR") or "/tmp", "ray", "ray_current_cluster")  # noqa: S108 - it is Ray's


def current_cluster() -> str | None:
    """Returns the address of the cluster that RAY_ADDRESS names or that was started here last, None without one."""
    if given := os.environ.get("RAY_ADDRESS"):
        return given
    try:
        return address_file().read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def answers_anyone(address: str) -> bool:
    """Returns whether the head node at HOST:PORT answers a call without a token."""
    grpc: Any = import_module("grpc")  # TensorFlow needs it
    with grpc.insecure_channel(address, [("grpc.enable_http_proxy", 0)]) as channel:  # as Ray itself connects
        try:
            channel.unary_unary(ALIVE)(b"", timeout=ANSWER_SECONDS)
        except grpc.RpcError:
            return False
    return True


def draining_nodes() -> set[str]:
    """Returns the ids of the nodes that are drained, of the cluster that this process is connected to."""
    state: Any = import_module("ray._private.state").state
    return set(state.get_draining_nodes())
