"""What a job's process does: sends what happens over a pipe, and writes what it prints into its log."""

import os
import signal
import sys
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from mnist_sweep.executors.job import Job


class _Orphaned(BaseException):
    """The driver is gone: nobody waits for the result."""


def _redirect(log: Path) -> None:
    """Standard output and error, C++ code's included, into the trial's log."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]


def one_line(error: BaseException) -> str:
    """An exception's kind and the first line of its message, cut to 300 characters."""
    text = str(error).strip().split("\n")[0]
    kind = type(error).__name__
    if kind in ("UserError", "FloatingPointError"):
        return text[:300]
    return f"{kind}: {text}"[:300] if text else kind


def main(connection: Connection, job: Job) -> None:
    """Runs the job; whatever happens, the driver hears of it or the pipe breaks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's to answer
    folder = Path(job.folder)
    folder.mkdir(parents=True, exist_ok=True)
    _redirect(folder / "log.txt")

    def send(kind: str, content: Any = None) -> None:
        try:
            connection.send((kind, content))
        except OSError:
            raise _Orphaned from None

    def should_stop() -> bool:
        try:
            return connection.poll() and connection.recv() == "stop"
        except (EOFError, OSError):
            raise _Orphaned from None

    try:
        send("started")
        from mnist_sweep import trial

        trial.use_one_thread()
        if job.kind == "probe":
            send(
                "done", {"found": [trial.probe(c, job.settings, job.settings["steps"]) for c in job.config["configs"]]}
            )
        else:
            send("done", trial.run(job.config, folder, job.settings, lambda row: send("epoch", row), should_stop))
    except _Orphaned:
        os._exit(1)
    except BaseException as error:
        traceback.print_exc()
        sys.stderr.flush()
        try:
            send("failed", one_line(error))
        except _Orphaned:
            os._exit(1)
    sys.stdout.flush()
    sys.stderr.flush()
    connection.close()
    os._exit(0)  # TensorFlow's exit handlers take time and have nothing to do
