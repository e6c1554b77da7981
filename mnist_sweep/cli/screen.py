"""What a person sees while trials run: a live table in a terminal, plain lines anywhere else."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TaskProgressColumn, TextColumn
from rich.table import Table
from rich.text import Text

from mnist_sweep.config.metrics import AROUND
from mnist_sweep.config.secrets import masked
from mnist_sweep.driver.forecast import forecast
from mnist_sweep.execution.executor import NodeStatus
from mnist_sweep.execution.progress import Scope, nodes_in_words
from mnist_sweep.formatting import duration, short
from mnist_sweep.storage.state import FINISHED, TrialState

WIDEST = 1000  # characters of a table in a file
COLOURS = {TrialState.COMPLETE: "green", TrialState.PRUNED: "yellow", TrialState.FAIL: "red"}


@contextlib.contextmanager
def transfer(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """Returns a context with a progress bar for a download, which appears with its first byte.

    Args:
        what: What is downloaded.

    Yields:
        A function that takes the bytes that have arrived, and their total where it is known.
    """
    console = Console(stderr=True, markup=False)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        tasks: list[TaskID] = []

        def on_bytes(done: int, total: int | None) -> None:
            if not tasks:
                tasks.append(progress.add_task(what, total=total))
            progress.update(tasks[0], completed=done, total=total)

        yield on_bytes


@dataclass
class Running:
    """A trial that is running."""

    text: str
    epochs: int
    started: float = field(default_factory=time.monotonic)
    epoch: float = 0
    value: float | None = None
    node: str = ""

    @property
    def place(self) -> str:
        """The epoch, and of how many where that is known."""
        return f"{self.epoch:g}/{self.epochs}" if self.epochs else f"{self.epoch:g}"


class Screen:
    """The state of a sweep, or of a single trial, as it changes."""

    def __init__(
        self,
        title: str = "",
        curve: str = "",
        total: int | None = 0,
        workers: int = 1,
        done: Mapping[TrialState, int] | None = None,
        kind: str = "trial",
    ) -> None:
        """`kind` is what runs are called, `done` how many of them have ended before, by state."""
        self.console = Console(highlight=False, markup=False)
        self.errors = Console(stderr=True, highlight=False, markup=False)
        self.title = title
        self.kind = kind
        self.curve = curve
        self.total = total
        self.workers = workers
        self.counts = {**dict.fromkeys(FINISHED, 0), **(done or {})}
        self.running: dict[int, Running] = {}
        self.machines: Sequence[NodeStatus] = ()
        self.best = ""
        self.note = ""
        self.seconds: list[float] = []
        self.prior: float | None = None  # seconds of a run, as estimated beforehand
        self.deadline: float | None = None  # of time.monotonic: no further run begins after it
        self._live: Live | None = None
        if self.console.is_terminal and not self.console.is_dumb_terminal:
            self._live = Live(console=self.console, get_renderable=self._render, refresh_per_second=4, transient=True)

    def begin(self, scope: Scope) -> None:
        """Says what is shown from now on."""
        self.title, self.kind, self.curve = scope.title, scope.kind, scope.curve
        self.total, self.workers = scope.total, scope.workers
        self.deadline = None if scope.seconds is None else time.monotonic() + scope.seconds
        self.counts = {**dict.fromkeys(FINISHED, 0), **scope.done}

    def expect_total(self, total: int | None, workers: int) -> None:
        """Says how many runs there are now, and how many at the same time."""
        self.total, self.workers = total, workers

    def expect(self, seconds: float) -> None:
        """Says what a run is estimated to take."""
        self.prior = seconds

    @contextlib.contextmanager
    def live(self) -> Iterator[None]:
        """Returns a context within which the live table is shown, in a terminal."""
        if self._live is None:
            yield
            return
        self._live.start()
        try:
            yield
        finally:
            self._live.stop()

    def status(self, text: str) -> AbstractContextManager[object]:
        """Returns a context within which it is said what is being done, in a terminal."""
        return self.console.status(text)

    def say(self, line: str, style: str = "", wrap: bool = False) -> None:
        """Prints a line that stays.

        Args:
            line: The line.
            style: A style of Rich.
            wrap: Whether it is broken between words at the terminal's width.
        """
        self.console.print(Text(masked(line), style=style), soft_wrap=not (wrap and self.console.is_terminal))
        sys.stdout.flush()

    def table(self, table: Table) -> None:
        """Prints a table that stays; outside of a terminal it is as wide as its content."""
        if not self.console.is_terminal:
            self.console.width = WIDEST
        self.console.print(table, crop=False)
        sys.stdout.flush()

    def warn(self, line: str) -> None:
        """Prints a line that stays; to standard error where there is no live table."""
        (self.console if self._live else self.errors).print(Text(masked(line), style="yellow"), soft_wrap=True)

    def started(self, number: int, overrides: Mapping[str, str], epochs: int) -> None:
        """Shows a trial that begins.

        Args:
            number: Its number.
            overrides: What is tried.
            epochs: How many epochs it has at most.
        """
        self.running[number] = Running(short(overrides), epochs)
        if self._live is None:
            self.say(f"{self.kind} {number} started: {short(overrides)}")

    def epoch(self, number: int, row: Mapping[str, float]) -> None:
        """Shows an epoch of a running trial."""
        trial = self.running[number]
        self.curve = self.curve or next((name for name in row if name not in AROUND), "")
        trial.epoch, trial.value = row["epoch"], row.get(self.curve)
        if self._live is None:
            value = "" if trial.value is None else f": {self.curve} {trial.value:.4f}"
            self.say(f"{self.kind} {number} epoch {trial.place}{value}")

    def ended(self, number: int, state: TrialState, text: str) -> None:
        """Shows how a trial has ended.

        Args:
            number: Its number.
            state: Its state.
            text: Its result, or the reason why it failed.
        """
        trial = self.running.pop(number, None)
        self.counts[state] += 1
        took = time.monotonic() - trial.started if trial else 0.0
        self.seconds.append(took)
        line = Text(f"{self.kind} {number:>3} ") + Text(f"{state.value:<8}", style=COLOURS[state])
        self.console.print(line + Text(f" {masked(text)} in {duration(took)}"), soft_wrap=True)
        sys.stdout.flush()

    def dropped(self, number: int) -> None:
        """Forgets a trial that no longer runs, and has not ended either."""
        self.running.pop(number, None)

    def placed(self, number: int, node: str) -> None:
        """Shows which node of a cluster a trial runs on."""
        self.running[number].node = node
        if self._live is None:
            self.say(f"{self.kind} {number} runs on {node}")

    def nodes(self, nodes: Sequence[NodeStatus]) -> None:
        """Shows what the nodes of a cluster do from now on."""
        self.machines = nodes
        self.workers = max(1, sum(node.slots for node in nodes))

    @property
    def done(self) -> int:
        """How many trials have ended."""
        return sum(self.counts.values())

    def time_left(self) -> float | None:
        """Returns the seconds until the last run ends, by those so far and the estimate beforehand; None if unknown."""
        allowed = None if self.deadline is None else max(0.0, self.deadline - time.monotonic())
        if not self.total or (not self.seconds and self.prior is None):
            return allowed
        running = [time.monotonic() - trial.started for trial in self.running.values()]
        needed = forecast(self.prior, self.seconds, self.total - self.done, running, self.workers).seconds
        return needed if allowed is None else min(needed, allowed)

    def _render(self) -> Group:
        table = Table(box=None, expand=True, pad_edge=False, header_style="dim")
        table.add_column(self.kind, justify="right", no_wrap=True)
        table.add_column("epoch", justify="right", no_wrap=True)
        table.add_column(self.curve, justify="right", no_wrap=True)
        table.add_column("time", justify="right", no_wrap=True)
        if self.machines:
            table.add_column("node", no_wrap=True)
        table.add_column("what is tried", ratio=1, no_wrap=True, overflow="ellipsis")
        for number, trial in sorted(self.running.items()):
            value = "" if trial.value is None else f"{trial.value:.4f}"
            passed = duration(time.monotonic() - trial.started)
            node = [trial.node] if self.machines else []
            table.add_row(str(number), trial.place, value, passed, *node, trial.text)
        of = "" if self.total is None else "/{task.total}"
        bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            TaskProgressColumn(f"{{task.completed}}{of}"),
            expand=True,
        )
        bar.add_task(self.title, total=self.total, completed=self.done)
        left = self.time_left()
        counts = ", ".join(f"{self.counts[state]} {state.word}" for state in FINISHED)
        status = Text(counts + (f"; about {duration(left)} left" if left is not None else ""))
        parts: list[RenderableType] = [
            bar,
            status,
            Text(f"best so far: {self.best or 'none yet'}", style="bold"),
            table,
        ]
        if self.machines:
            parts.append(Text(nodes_in_words(self.machines), style="dim"))
        if self.note:
            parts.append(Text(self.note, style="yellow"))
        return Group(*parts)
