"""The private name of Ray that we need: the file that names the cluster that was started on this machine last.

Ray itself reads it for `ray.init(address="auto")`, but tries for minutes to reach a cluster that is gone; and what a
Ray of our own listens on has to be known before Ray is imported.
"""

import os
from pathlib import Path


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
