"""Where a Ray cluster is, and what Ray must find in its environment: decided before Ray is imported."""

import secrets
import socket
from collections.abc import Mapping

from mnist_sweep.config import Unavailable
from mnist_sweep.execution.cluster.ray_private import current_cluster

CONNECT_SECONDS = 5.0
ENVIRONMENT = {
    # Ray's memory monitor takes a container's memory for the machine's; runtime.memory_limit is ours.
    "RAY_memory_monitor_refresh_ms": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_gcs_rpc_server_reconnect_timeout_s": "10",  # a process whose head is gone ends then, not after a minute
}


def own_environment() -> Mapping[str, str]:
    """Returns the variables of a Ray of our own: it listens on the loopback address only, and asks for a token."""
    return {
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # as on these, Ray then has no other address
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
    }


def is_reachable(address: str) -> bool:
    """Returns whether something listens at HOST:PORT."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS):
            return True
    except (OSError, ValueError, OverflowError):
        return False


def find(address: str | None) -> str | None:
    """Returns HOST:PORT of the cluster that `runtime.address` names, None for a Ray of this command's own.

    Raises:
        Unavailable: It is not there.
    """
    if address == "local":
        return None
    if address in (None, "auto"):
        found = current_cluster()
        if found is not None and is_reachable(found):
            return found
        if address is None:
            return None
        gone = f", the last one was at {found}" if found else ""
        raise Unavailable(f"runtime.address=auto: no Ray cluster is running on this machine{gone}; start one with `ray "
                          "start --head`, or use runtime.address=local")  # fmt: skip
    if not is_reachable(str(address)):
        raise Unavailable(f"runtime.address={address}: nothing answers there; `ray status` on the head node shows the "
                          "address of its cluster")  # fmt: skip
    return address
