"""Where a Ray cluster is, and what Ray must find in its environment: decided before Ray is imported."""

import ipaddress
import secrets
import socket
from collections.abc import Mapping

import psutil

from mnist_sweep.config import Unavailable, UserError
from mnist_sweep.execution.cluster.ray_private import answers_anyone, current_cluster

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


def is_public(address: str) -> bool:
    """Returns whether HOST:PORT can be reached from other machines: it is one's, or listens on more than loopback."""
    host, _, port = address.rpartition(":")
    found = {entry[4][0] for entry in socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)}
    if not all(ipaddress.ip_address(one).is_loopback for one in found):
        return True
    try:
        listening = [one.laddr.ip for one in psutil.net_connections("tcp")
                     if one.status == psutil.CONN_LISTEN and one.laddr.port == int(port)]  # fmt: skip
    except psutil.Error:
        return False
    return not all(ipaddress.ip_address(one).is_loopback for one in listening)


def check_guarded(address: str) -> None:
    """Raises UserError for a cluster that other machines can reach, and that answers without a token."""
    if is_public(address) and answers_anyone(address):
        raise UserError(
            f"runtime.address: the Ray cluster at {address} can be reached from other machines and asks for no token: "
            "whoever reaches it can run code; end it, and start it with RAY_AUTH_MODE=token (docs/cluster.md)"
        )
