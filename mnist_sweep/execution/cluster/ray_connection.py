"""Connects this process to a Ray cluster, or starts one of its own; what is wrong with it becomes one line."""

import contextlib
import platform

import ray

from mnist_sweep.config import Unavailable, UserError

OBJECT_STORE_BYTES = 256 * 1024**2  # of a Ray of our own: for events, as nothing else is copied on one machine
LEFT_OUT = [
    "/.git",
    "/.venv",
    "/runs",
    "__pycache__",
    "*.keras",
    "*.h5",
]  # of the working folder, which travels to the nodes


def connect(address: str | None, working_folder: str | None) -> str:
    """Connects this process to a cluster, for as long as it lives.

    Args:
        address: HOST:PORT of the cluster, None for one of this process's own.
        working_folder: The folder of modules of the user's own, which travels to the nodes; None for nothing.

    Returns:
        The cluster in words.

    Raises:
        UserError: The cluster has other versions, or the folder is too large to travel.
        Unavailable: It can't be reached.
    """
    travels = {"working_dir": working_folder, "excludes": LEFT_OUT} if working_folder else None
    try:
        if address is not None:
            ray.init(address=address, log_to_driver=False, logging_level="CRITICAL", runtime_env=travels)
            return f"the Ray cluster at {address}"
        ray.init(
            address="local",
            log_to_driver=False,
            logging_level="CRITICAL",
            include_dashboard=False,
            object_store_memory=OBJECT_STORE_BYTES,
            runtime_env=travels,
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
