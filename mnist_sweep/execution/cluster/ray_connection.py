"""Connects this process to a Ray cluster, or starts one of its own; what is wrong with it becomes one line."""

import contextlib
import platform

import ray

from mnist_sweep.config import Unavailable, UserError

OBJECT_STORE_BYTES = 256 * 1024**2  # of a Ray of our own: for events, as nothing else is copied on one machine


def connect(address: str | None) -> str:
    """Connects this process to a cluster, for as long as it lives.

    Args:
        address: HOST:PORT of the cluster, None for one of this process's own.

    Returns:
        The cluster in words.

    Raises:
        UserError: The cluster has other versions of Ray or Python.
        Unavailable: It can't be reached.
    """
    try:
        if address is not None:
            ray.init(address=address, log_to_driver=False, logging_level="CRITICAL")
            return f"the Ray cluster at {address}"
        ray.init(
            address="local",
            log_to_driver=False,
            logging_level="CRITICAL",
            include_dashboard=False,
            object_store_memory=OBJECT_STORE_BYTES,
            _node_name=platform.node(),
        )
    except ConnectionError:
        raise Unavailable(f"runtime.address: {address} has not let us in: it is no Ray cluster, or it wants another "
                          "token (RAY_AUTH_MODE=token, RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH)") from None  # fmt: skip
    except (RuntimeError, ValueError, OSError) as error:
        raise UserError(f"runtime=ray: Ray can't be used: {' '.join(str(error).split())[:400]}") from None
    return "a Ray of its own"


def disconnect() -> None:
    """Leaves the cluster; one of our own ends."""
    with contextlib.suppress(Exception):
        ray.shutdown()
