"""What goes into an executor and what comes out of it: plain data that can cross a process's pipe."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from mnist_sweep.config.kernels import Kernels


@dataclass(frozen=True)
class Job:
    """Work for a process of its own: a trial to train, configurations to probe, or a task to check.

    Attributes:
        number: Tells jobs of one runner apart; a trial's number.
        kind: What is done.
        config: A trial's configuration, or those to probe, as plain data.
        folder: Where the job writes its files.
        settings: What the trial needs in addition to its configuration, as plain data.
        overrides: A trial's overrides, which are kept in its folder.
        retries: How often it was lost after it had begun to train.
        kernels: What TensorFlow is to compute with, None for what its process has.
    """

    number: int
    kind: Literal["train", "probe", "check"]
    config: dict[str, Any]
    folder: str
    settings: dict[str, Any] = field(default_factory=dict)
    overrides: Sequence[str] = ()
    retries: int = 0
    kernels: Kernels | None = None


@dataclass(frozen=True)
class Started:
    """The job's process is running."""

    number: int


@dataclass(frozen=True)
class Epoch:
    """An epoch has ended: a row of history.csv."""

    number: int
    row: dict[str, float]


@dataclass(frozen=True)
class Trained:
    """The job's training has ended: its worker is free while it writes its files."""

    number: int


@dataclass(frozen=True)
class Done:
    """The job has ended well, or was stopped on request: see `result`."""

    number: int
    result: dict[str, Any]


# Why a job failed: something in it, the end of its process from outside, or a full disk.
Cause = Literal["error", "lost", "disk"]


@dataclass(frozen=True)
class Failed:
    """The job has failed: why in one line, and the kind of cause."""

    number: int
    reason: str
    cause: Cause


Event = Started | Epoch | Trained | Done | Failed


@dataclass(frozen=True)
class Limits:
    """What one job may use.

    Attributes:
        memory: Bytes of resident memory, None for no limit.
        seconds: Seconds from start to end, None for no limit.
    """

    memory: int | None = None
    seconds: float | None = None


class Executor(Protocol):
    """Runs jobs somewhere else; the runner above it does not know where."""

    def submit(self, job: Job) -> None:
        """Starts a job. The caller limits how many run at the same time."""

    def events(self, timeout: float) -> list[Event]:
        """Returns what has happened since the last call.

        Args:
            timeout: Seconds to wait for the first event.
        """

    def stop(self, number: int) -> None:
        """Requests that a job stops after its present batch; it then ends with Done."""

    def close(self) -> None:
        """Ends all jobs at once and frees everything."""
