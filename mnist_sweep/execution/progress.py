"""What the engine reports while jobs run; the live screen is one that listens, `Silent` is another."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Protocol

from mnist_sweep.execution.executor import NodeStatus
from mnist_sweep.storage.state import TrialState


@dataclass(frozen=True)
class Scope:
    """What is shown.

    Attributes:
        title: What is done.
        curve: The curve of which a running job's last value is shown, empty for its first one.
        total: How many jobs there are, None where that is open.
        workers: How many run at the same time.
        done: How many have ended before, by state.
        kind: What they are called.
        seconds: How long further jobs may begin, None for no limit.
    """

    title: str
    curve: str
    total: int | None
    workers: int = 1
    done: Mapping[TrialState, int] = field(default_factory=dict)
    kind: str = "trial"
    seconds: float | None = None


def nodes_in_words(nodes: Sequence[NodeStatus]) -> str:
    """Returns the nodes of a cluster in one line: who runs what, what has ended there, and how busy their slots are."""
    parts = []
    for node in nodes:
        running = f"runs {', '.join(map(str, node.running))}, " if node.running else ""
        there = f"{node.slots} slots, {running}" if node.slots else "gone, "
        parts.append(f"{node.name} ({there}{node.ended} ended, busy {node.busy:.0%})")
    return "Nodes: " + ", ".join(parts)


class Progress(Protocol):
    """Shows a person what happens; numbers are those of the jobs."""

    best: str  # the best result so far, in words
    note: str  # what is waited for, empty for nothing

    def begin(self, scope: Scope) -> None:
        """Says what is shown from now on."""

    def expect(self, seconds: float) -> None:
        """Says what a job is estimated to take."""

    def expect_total(self, total: int | None, workers: int) -> None:
        """Says how many jobs there are now, and how many run at the same time."""

    def live(self) -> AbstractContextManager[object]:
        """Returns a context within which running jobs are shown as they change."""

    def status(self, text: str) -> AbstractContextManager[object]:
        """Returns a context within which it is said what is being done."""

    def say(self, line: str, style: str = "", wrap: bool = False) -> None:
        """Reports a line that stays.

        Args:
            line: The line.
            style: Its style, as in Rich.
            wrap: Whether it is broken between words at the terminal's width.
        """

    def warn(self, line: str) -> None:
        """Reports a line that needs attention."""

    def started(self, number: int, what: Mapping[str, str], epochs: int) -> None:
        """Reports that a job begins.

        Args:
            number: Its number.
            what: What is tried.
            epochs: How many epochs it has at most.
        """

    def epoch(self, number: int, row: Mapping[str, float]) -> None:
        """Reports an epoch of a running job."""

    def ended(self, number: int, state: TrialState, text: str) -> None:
        """Reports that a job has ended.

        Args:
            number: Its number.
            state: Its state.
            text: Its result, or the reason why it failed.
        """

    def dropped(self, number: int) -> None:
        """Reports that a job no longer runs, and has not ended either."""

    def placed(self, number: int, node: str) -> None:
        """Reports which node of a cluster a job runs on."""

    def nodes(self, nodes: Sequence[NodeStatus]) -> None:
        """Reports what the nodes of a cluster do."""


class Silent:
    """Progress that is not shown: for tests, and for use as a library."""

    def __init__(self) -> None:
        self.best = self.note = ""

    def begin(self, scope: Scope) -> None:
        """Does nothing."""

    def expect(self, seconds: float) -> None:
        """Does nothing."""

    def expect_total(self, total: int | None, workers: int) -> None:
        """Does nothing."""

    def live(self) -> AbstractContextManager[object]:
        """Does nothing."""
        return nullcontext()

    def status(self, text: str) -> AbstractContextManager[object]:  # noqa: ARG002
        """Does nothing."""
        return nullcontext()

    def say(self, line: str, style: str = "", wrap: bool = False) -> None:
        """Does nothing."""

    def warn(self, line: str) -> None:
        """Does nothing."""

    def started(self, number: int, what: Mapping[str, str], epochs: int) -> None:
        """Does nothing."""

    def epoch(self, number: int, row: Mapping[str, float]) -> None:
        """Does nothing."""

    def ended(self, number: int, state: TrialState, text: str) -> None:
        """Does nothing."""

    def dropped(self, number: int) -> None:
        """Does nothing."""

    def placed(self, number: int, node: str) -> None:
        """Does nothing."""

    def nodes(self, nodes: Sequence[NodeStatus]) -> None:
        """Does nothing."""
