"""What goes into an executor and what comes out of it."""

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol


@dataclass(frozen=True)
class Job:
    """Work for a process of its own: a trial to train, or configurations to probe. Plain data only."""

    number: int
    kind: Literal["train", "probe"]
    config: dict[str, Any]
    folder: str
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Started:
    """The job's process is at work."""

    number: int


@dataclass(frozen=True)
class Epoch:
    """An epoch has ended: a row of the history."""

    number: int
    row: dict[str, float]


@dataclass(frozen=True)
class Trained:
    """The job's training has ended, well or stopped: what it still writes need not keep its worker."""

    number: int


@dataclass(frozen=True)
class Done:
    """The job has ended well, or was stopped as it was told to: see `result`."""

    number: int
    result: dict[str, Any]


# What made a job fail: something in it, the end of its process from outside, or a disk that is full.
Cause = Literal["error", "lost", "disk"]


@dataclass(frozen=True)
class Failed:
    """The job has ended badly: why in one line, and what kind of cause that is."""

    number: int
    reason: str
    cause: Cause


Event = Started | Epoch | Trained | Done | Failed


@dataclass(frozen=True)
class Limits:
    """What one job may take: bytes of resident memory, and seconds from start to end; None for no limit."""

    memory: int | None = None
    seconds: float | None = None


class Executor(Protocol):
    """Runs jobs somewhere else."""

    def submit(self, job: Job) -> None:
        """Starts a job; the caller sees to it that there are not too many."""

    def events(self, timeout: float) -> list[Event]:
        """What has happened since the last call; waits up to `timeout` seconds for the first event."""

    def stop(self, number: int) -> None:
        """Asks a job to stop after its present batch; it then ends with Done."""

    def close(self) -> None:
        """Ends all jobs at once and frees everything."""
