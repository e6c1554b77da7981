"""Ctrl-C and SIGTERM: the first is a stop request, the second ends everything at once."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)
TERMINATED = 128 + signal.SIGTERM


class Terminated(KeyboardInterrupt):
    """SIGTERM, where Ctrl-C would be a KeyboardInterrupt."""


def interrupt_of(code: int) -> KeyboardInterrupt:
    """Returns the exception of a signal that was answered with an exit code, 130 or 143."""
    return Terminated() if code == TERMINATED else KeyboardInterrupt()


_raised: list[signal.Signals] = []  # the signals that have raised an exception within `answering_signals`


def _raise(number: int, _frame: FrameType | None) -> None:
    _raised.append(signal.Signals(number))
    raise Terminated if number == signal.SIGTERM else KeyboardInterrupt


@contextlib.contextmanager
def answering_signals() -> Iterator[None]:
    """Returns a context within which Ctrl-C raises KeyboardInterrupt, and SIGTERM Terminated.

    Ctrl-C counts also where a shell has switched it off, as for a job in the background.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _raised.clear()
    before = [signal.signal(number, _raise) for number in SIGNALS]
    try:
        yield
    finally:
        for number, handler in zip(SIGNALS, before, strict=True):
            signal.signal(number, handler)
        _raised.clear()


class Interrupts:
    """Within it, the first signal is noted in `received`, and the second raises KeyboardInterrupt.

    A signal from before counts too: what it raised has not arrived here, as some library has caught it, such as one
    that was being imported.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = _raised[0] if _raised else None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "Interrupts":
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if self.received is not None:
            raise KeyboardInterrupt
        self.received = signal.Signals(number)

    @property
    def code(self) -> int:
        """The exit code that a shell expects: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + (self.received or signal.SIGINT)
