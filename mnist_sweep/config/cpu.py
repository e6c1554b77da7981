"""What Linux says of this machine's processor."""

from functools import cache
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
CACHES = Path("/sys/devices/system/cpu/cpu0/cache")


@cache
def _first(field: str) -> str:
    """Returns a field of the first CPU, empty where it is unknown."""
    try:
        lines = CPUINFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(field)), "")


def model_name() -> str:
    """Returns the processor's name, empty where it is unknown."""
    name = _first("model name")
    return "" if name == "unknown" else name


def flags() -> frozenset[str]:
    """Returns the processor's features, such as `avx2`; none where they are unknown."""
    return frozenset(_first("flags").split())


def caches() -> list[str]:
    """Returns the caches of the first CPU, such as `L1 Data 32K`, on whose sizes the blocking of sums depends."""
    found = []
    for folder in sorted(CACHES.glob("index*")):
        try:
            level, kind, size = (
                (folder / name).read_text(encoding="ascii").strip() for name in ("level", "type", "size")
            )
        except (OSError, UnicodeDecodeError):
            continue
        found.append(f"L{level} {kind} {size}")
    return found
