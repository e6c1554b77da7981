"""Progress as plain lines, for scripts and notebooks that ask for it."""

from collections.abc import Mapping

from mnist_sweep.execution.progress import Silent
from mnist_sweep.storage.state import TrialState


class Printed(Silent):
    """Prints what stays, and how each trial ended."""

    def say(self, line: str, style: str = "", wrap: bool = False) -> None:  # noqa: ARG002
        """Prints a line."""
        print(line, flush=True)  # noqa: T201 - it was asked for

    def warn(self, line: str) -> None:
        """Prints a line that needs attention."""
        self.say(line)

    def ended(self, number: int, state: TrialState, text: str) -> None:
        """Prints how a trial has ended."""
        self.say(f"trial {number:>3} {state.value:<8} {text}")

    def started(self, number: int, what: Mapping[str, str], epochs: int) -> None:
        """Prints nothing: its end is printed."""
