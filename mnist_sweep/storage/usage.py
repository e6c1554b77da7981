"""usage.json: what a trial has taken of its machine."""

from dataclasses import asdict

from pydantic.dataclasses import dataclass as checked

from mnist_sweep.config.check import check
from mnist_sweep.config.errors import UserError
from mnist_sweep.config.schema import LOOSE
from mnist_sweep.files import read_json, write_json
from mnist_sweep.storage.folders import TrialFolder


@checked(frozen=True, config=LOOSE)
class Usage:
    """What a trial's process has taken, as it was seen from outside.

    Attributes:
        cpu_seconds: User and system time of all its threads, and of the processes that it has waited for.
        peak_memory_megabytes: The most resident memory that was seen, in 10^6 bytes, TensorFlow's own included.
    """

    cpu_seconds: float
    peak_memory_megabytes: float

    def __add__(self, other: "Usage") -> "Usage":
        """Returns what two processes have taken that ran one after the other."""
        peak = max(self.peak_memory_megabytes, other.peak_memory_megabytes)
        return Usage(self.cpu_seconds + other.cpu_seconds, peak)


def write_usage(folder: TrialFolder, usage: Usage) -> None:
    """Writes usage.json."""
    write_json(folder.usage, asdict(usage))


def _read(folder: TrialFolder) -> Usage | None:
    try:
        return check(Usage, read_json(folder.usage), str(folder.usage))
    except UserError:
        return None


def read_usage(folder: TrialFolder) -> Usage | None:
    """Returns what a trial has taken, on all of its seeds; None where it was not measured."""
    further = sorted(folder.seeds.glob("[0-9]*")) if folder.seeds.is_dir() else []
    found = [usage for one in (folder, *map(TrialFolder, further)) if (usage := _read(one)) is not None]
    return sum(found[1:], start=found[0]) if found else None
