"""What a job's process does: sends what happens over a pipe, and writes what it prints into its log."""

import contextlib
import faulthandler
import os
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from mnist_sweep.config.kernels import switch_to
from mnist_sweep.config.task import build_task, task_component
from mnist_sweep.config.traits import traits
from mnist_sweep.execution.executor import Cause, Job
from mnist_sweep.files import is_full


def _redirect(log: Path) -> None:
    """Redirects standard output and error, C++ code's included, to the trial's log; so a crash leaves a traceback."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    faulthandler.enable(file=2)


def _offer_to_the_kernel() -> None:
    """Makes the kernel end a trial rather than the driver where memory runs out."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("900", encoding="ascii")


_STATE = {"is_trial": False}


def is_trial() -> bool:
    """Returns whether this is the process of a trial."""
    return _STATE["is_trial"]


def one_line(error: BaseException) -> str:
    """Returns an exception's type and the first line of its message, cut to 300 characters."""
    kind = type(error).__name__
    try:
        text = str(error).strip().split("\n")[0]
    except Exception:  # of a class of the user's own
        text = "an exception whose message can't be made"
    text = "".join(letter if letter.isprintable() else "?" for letter in text)  # colours, NUL: it goes to a terminal
    if kind in ("UserError", "FloatingPointError"):
        return text[:300]
    return f"{kind}: {text}"[:300] if text else kind


def _cause(error: BaseException) -> Cause:
    return "disk" if is_full(error) else "error"


def _end_with_children() -> None:
    """Ends this process and those that it has started, without another word."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _listen(connection: Connection, stop: threading.Event) -> None:
    """Waits for a stop request; ends the process at once when the driver is gone."""
    try:
        while True:
            if connection.recv() == "stop":
                stop.set()
    except (EOFError, OSError):
        _end_with_children()


def _result(job: Job, send: Callable[..., None], should_stop: Callable[[], bool]) -> dict[str, Any]:
    """Runs a trial, a probe or a check; returns its result."""
    if "tensorflow" not in sys.modules:  # this process is no fork of the server
        switch_to(job.kernels)
    from mnist_sweep.execution import preload  # noqa: F401
    from mnist_sweep.tasks.run import run

    configs = job.config["configs"] if job.kind == "probe" else [job.config]
    if not configs:
        return {"found": []}
    task: Any = build_task(task_component(configs[0], job.settings["allowed"]))
    for name in traits(task).preload:
        import_module(name)
    if job.kind == "probe":
        steps = job.settings["steps"]
        return {"found": [task.probe(config, job.settings, steps) for config in configs]}
    if job.kind == "check":
        task.ready()
        return {}
    epoch, trained = (lambda row: send("epoch", dict(row))), (lambda: send("trained"))
    saved = lambda: send("saved")  # noqa: E731
    return run(job.config, Path(job.folder), job.settings, epoch, should_stop, trained, saved)


def _ignore_signals() -> None:
    """Leaves Ctrl-C, and signals to the process group, to the driver; what the job starts can be ended by them.

    A program that is started inherits SIG_IGN, but not a handler.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: None)
        signal.siginterrupt(number, False)


def main(connection: Connection, job: Job) -> None:
    """Runs the job; whatever happens is reported to the driver, or the pipe breaks."""
    _ignore_signals()
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)  # by which the driver ends what the job has started and left behind
    _STATE["is_trial"] = True
    _offer_to_the_kernel()
    stop = threading.Event()

    def send(kind: str, content: Any = None) -> None:
        try:
            connection.send((kind, content))
        except OSError:
            _end_with_children()

    try:
        folder = Path(job.folder)
        folder.mkdir(parents=True, exist_ok=True)
        _redirect(folder / "log.txt")
        send("started")
        threading.Thread(target=_listen, args=(connection, stop), daemon=True).start()
        send("done", _result(job, send, stop.is_set))
    except BaseException as error:
        with contextlib.suppress(OSError):  # the disk may be full
            traceback.print_exc()
            sys.stderr.flush()
        send("failed", (one_line(error), _cause(error)))
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(0)  # TensorFlow's exit handlers take time and have nothing to do
