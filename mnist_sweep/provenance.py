"""Where a result comes from: versions, commit, processor."""

import functools
import getpass
import hashlib
import json
import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mnist_sweep.config import cpu

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
    """Returns the output of git for the folder of this package, None where git fails."""
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
    """Returns the commit of the running checkout.

    Returns:
        The commit's SHA-1, and whether the checkout has uncommitted changes; (None, None) for an installed package.
    """
    if not _git("ls-files", "__init__.py"):  # a virtual environment may lie within an unrelated checkout
        return None, None
    changes = _git("status", "--porcelain")
    return _git("rev-parse", "HEAD"), None if changes is None else bool(changes)


@functools.cache
def diff() -> str | None:
    """Returns the first 16 digits of the SHA-256 of the checkout's uncommitted changes, None where there are none."""
    if not commit()[1]:
        return None
    return hashlib.sha256((_git("diff", "HEAD") or "").encode()).hexdigest()[:16]


def processor() -> str:
    """Returns the processor's name, or its architecture where the name is unknown."""
    return cpu.model_name() or platform.processor() or platform.machine()


def features() -> list[str]:
    """Returns the processor's features on which the choice of arithmetic depends, sorted."""
    return sorted(flag for flag in cpu.flags() if flag.startswith(("avx", "amx", "fma", "sse4")))


@functools.cache
def versions() -> dict[str, str]:
    """Returns the versions of Python and of the packages that a result may depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


@functools.cache
def source_digest() -> str:
    """Returns the first 16 digits of the SHA-256 of this package's Python files, by name."""
    here = Path(__file__).resolve().parent
    digest = hashlib.sha256()
    for file in sorted(here.rglob("*.py")):
        digest.update(file.relative_to(here).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def machine_class() -> str:
    """Returns the first 12 digits of the SHA-256 of what the bits of a training depend on besides its configuration.

    These are the processor's features, the sizes of its caches, and the versions of TensorFlow and NumPy. Machines of
    one class give the same bits, with the same kernels, which every trial records for itself.
    """
    parts = [features(), cpu.caches(), versions()["tensorflow"], versions()["numpy"]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


def machine() -> dict[str, Any]:
    """Returns the machine that this process runs on, as in environment.json."""
    return {
        "processor": processor(),
        "processor_features": features(),
        "processor_caches": cpu.caches(),
        "machine_class": machine_class(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "platform": platform.platform(),
    }


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return str(os.getuid())


def source_tags(command: str) -> dict[str, str]:
    """Returns MLflow's own tags for the source of a run.

    Args:
        command: The command line that started it.
    """
    sha, _ = commit()
    tags = {"mlflow.source.name": command, "mlflow.source.type": "LOCAL", "mlflow.user": _user()}
    return {**tags, "mlflow.source.git.commit": sha} if sha else tags


def environment(command: str, started_by: str) -> dict[str, Any]:
    """Returns what a trial's result may depend on besides its configuration, as in environment.json.

    Args:
        command: The command that repeats the trial.
        started_by: The command line that started it.
    """
    sha, dirty = commit()
    return {
        "command": command,
        "started_by": started_by,
        "versions": versions(),
        "commit": sha,
        "dirty": dirty,
        "diff": diff(),
        **machine(),
    }
