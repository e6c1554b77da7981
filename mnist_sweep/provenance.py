"""Where a result comes from: versions, commit, processor."""

import functools
import getpass
import hashlib
import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = (
    "mnist_sweep",
    "tensorflow",
    "keras",
    "numpy",
    "optuna",
    "mlflow",
    "hydra-core",
    "scikit-learn",
    "matplotlib",
)


def _git(*arguments: str) -> str | None:
    """What git says of the folder this package lies in; None if it says nothing."""
    here = Path(__file__).resolve().parent
    try:
        done = subprocess.run(
            ["git", "-C", str(here), *arguments], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


@functools.cache
def commit() -> tuple[str | None, bool | None]:
    """The commit of the checkout that runs and whether it has changes; None twice for an installed package."""
    if not _git("ls-files", "__init__.py"):  # a virtual environment may lie within somebody else's checkout
        return None, None
    changes = _git("status", "--porcelain")
    return _git("rev-parse", "HEAD"), None if changes is None else bool(changes)


@functools.cache
def diff() -> str | None:
    """The first digits of the SHA-256 of the checkout's changes since its commit; None where there are none."""
    if not commit()[1]:
        return None
    return hashlib.sha256((_git("diff", "HEAD") or "").encode()).hexdigest()[:16]


@functools.cache
def processor() -> str:
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names and names[0] != "unknown" else platform.processor() or platform.machine()


@functools.cache
def features() -> list[str]:
    """The processor's features on which the choice of arithmetic depends."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return []
    flags = next((line.partition(":")[2].split() for line in text.splitlines() if line.startswith("flags")), [])
    return sorted(flag for flag in flags if flag.startswith(("avx", "amx", "fma", "sse4")))


@functools.cache
def versions() -> dict[str, str]:
    """The versions of Python and of the packages that matter."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return str(os.getuid())


def source_tags(command: str) -> dict[str, str]:
    """MLflow's own tags for where a run comes from."""
    sha, _ = commit()
    tags = {"mlflow.source.name": command, "mlflow.source.type": "LOCAL", "mlflow.user": _user()}
    return {**tags, "mlflow.source.git.commit": sha} if sha else tags


def environment(command: str, started_by: str) -> dict[str, Any]:
    """What a trial's result may depend on besides its configuration; `command` repeats it, `started_by` did it."""
    sha, dirty = commit()
    return {
        "command": command,
        "started_by": started_by,
        "versions": versions(),
        "commit": sha,
        "dirty": dirty,
        "diff": diff(),
        "processor": processor(),
        "processor_features": features(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "platform": platform.platform(),
    }
