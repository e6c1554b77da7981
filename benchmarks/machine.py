"""What a result was measured on: every result embeds it."""

import json
import os
import platform
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("tensorflow", "keras", "mlflow", "optuna", "hydra-core", "mnist_sweep")
FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16")  # the last that is there names the kind
IN_ANOTHER_ENVIRONMENT = """
import json, sys
from importlib import metadata
print(json.dumps({"python": sys.version.split()[0], **{name: metadata.version(name) for name in sys.argv[1:]}}))
"""


def describe() -> dict:
    """The machine, the project's own versions and its commit, as plain data."""
    processor = Path("/proc/cpuinfo").read_text()
    flags = _field(r"^flags\s*:(.*)$", processor).split()
    memory = int(_field(r"^MemTotal:\s*(\d+) kB$", Path("/proc/meminfo").read_text()))
    return {
        "processor": _field(r"^model name\s*:(.*)$", processor),
        "flags": {name: name in flags for name in FLAGS},
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(memory / 1024**2, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in PACKAGES},
        **commit(),
    }


def kind() -> str:
    """The kind of CPU, on which results depend most: the latest of FLAGS that it has."""
    flags = _field(r"^flags\s*:(.*)$", Path("/proc/cpuinfo").read_text()).split()
    return next((name for name in reversed(FLAGS) if name in flags), "other")


def commit() -> dict:
    """The commit of this checkout, and whether anything beside the results differs from it."""
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!benchmarks/results")
    return {"commit": _git("rev-parse", "HEAD"), "changed": bool(changed)}


def versions(python: Path | str, names: list[str]) -> dict:
    """The versions of the named packages in the environment of that interpreter."""
    command = [str(python), "-c", IN_ANOTHER_ENVIRONMENT, *names]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def _field(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    return found.group(1).strip() if found else ""


if __name__ == "__main__":
    json.dump(describe(), sys.stdout, indent=2)
    print()
