"""The command of `study.on_event`: is told what happens in a search, and can neither hold it up nor end it."""

import contextlib
import json
import os
import queue
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from mnist_sweep.config import UserError
from mnist_sweep.config.check import shown

EventKind = Literal["best", "ended", "failed"]
PATIENCE_SECONDS = 30.0  # of one run of the command, and at the end of the search for all that is left


def parse_command(text: str | None, is_typed: bool) -> list[str]:
    """Returns the words of `study.on_event`, none where there is no command.

    Args:
        text: The command, as a shell would read it; no shell runs it.
        is_typed: Whether the person who starts the search has given it; what a file says doesn't run.

    Raises:
        UserError: It can't be run.
    """
    if text is None:
        return []
    if not is_typed:
        raise UserError(
            "study.on_event must not be set in a file, which could run code so: give it on the command line"
        )
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UserError(f"study.on_event must be a command, got {shown(text)}: {str(error).lower()}") from None
    if not words:
        raise UserError("study.on_event must be a command, got nothing; null is for none")
    if shutil.which(words[0]) is None:
        raise UserError(f"study.on_event must be a command that can be run, got {shown(text)}: there is no {words[0]}")
    return words


class OnEvent:
    """Runs a command for each event, one after another, in a thread of its own."""

    def __init__(self, command: Sequence[str], say: Callable[[str], None]) -> None:
        """Runs nothing yet.

        Args:
            command: The command's words, none for no command.
            say: Reports in a line where the command fails.
        """
        self.command, self.say = command, say
        self._events: queue.Queue[Mapping[str, Any] | None] = queue.Queue()
        self._running: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None

    def tell(self, kind: EventKind, content: Mapping[str, Any]) -> None:
        """Has the command run, with the event as JSON on its standard input; returns immediately.

        Args:
            kind: What has happened: there is a new best trial, the search has ended, or it has failed.
            content: The rest of the event.
        """
        if not self.command:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="on_event", daemon=True)
            self._thread.start()
        self._events.put({"event": kind, "at": time.time(), **content})

    def close(self) -> None:
        """Waits until the command knows all events, half a minute at most."""
        if self._thread is None:
            return
        self._events.put(None)
        self._thread.join(PATIENCE_SECONDS)
        if self._thread.is_alive():
            self.say(f"study.on_event: {self.command[0]} takes too long and is ended; it has not heard of everything")
            self._kill()

    def _run(self) -> None:
        while (event := self._events.get()) is not None:
            if wrong := self._run_command(event):
                self.say(f"study.on_event: {self.command[0]} {wrong}, told of the event {event['event']}")

    def _run_command(self, event: Mapping[str, Any]) -> str:
        """Runs the command; returns what went wrong, empty for nothing."""
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as errors:  # no pipe: nothing can block
            given.write(json.dumps(event).encode())
            given.seek(0)
            try:
                self._running = process = subprocess.Popen(
                    self.command,
                    stdin=given,
                    stdout=subprocess.DEVNULL,
                    stderr=errors,
                    start_new_session=True,  # Ctrl-C is for the search
                )
                process.wait(PATIENCE_SECONDS)
            except OSError as error:
                return f"can't be run ({error.strerror})"
            except subprocess.TimeoutExpired:
                self._kill()
                process.wait()
                return f"took longer than {PATIENCE_SECONDS:g} s and was ended"
            errors.seek(0)
            last = errors.read().decode(errors="replace").strip().rpartition("\n")[2][:200]
        if process.returncode:
            return f"has failed with exit code {process.returncode}" + (f" ({last})" if last else "")
        return ""

    def _kill(self) -> None:
        """Ends the command and what it has started."""
        if self._running is not None and self._running.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._running.pid, signal.SIGKILL)
