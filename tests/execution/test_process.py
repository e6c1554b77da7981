"""What a job's process says of an exception, and how it listens to its driver."""

import errno
import multiprocessing
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.execution.process import _cause, _listen, one_line


class Untold(Exception):  # noqa: N818
    """Has no message."""

    def __str__(self) -> str:
        raise ValueError


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("first\nsecond"), "ValueError: first"),
        (ValueError(), "ValueError"),
        (KeyError("name"), "KeyError: 'name'"),
        (UserError("train.epochs is missing"), "train.epochs is missing"),
        (FloatingPointError("loss became NaN"), "loss became NaN"),
        (ValueError("\x1b[31mred\0"), "ValueError: ?[31mred?"),
        (Untold(), "Untold: an exception whose message can't be made"),
        (MemoryError("x" * 1000), "MemoryError: " + "x" * 287),
    ],
)
def test_an_exception_is_one_line(error: Exception, text: str) -> None:
    assert one_line(error) == text
    assert len(one_line(error)) <= 300


def test_a_full_disk_is_told_from_other_errors() -> None:
    assert _cause(OSError(errno.ENOSPC, "No space left on device")) == "disk"
    assert _cause(OSError(errno.EACCES, "Permission denied")) == "error"
    assert _cause(ValueError("no space")) == "error"


def test_a_stop_request_is_heard() -> None:
    here, there = multiprocessing.Pipe()
    stop = threading.Event()
    threading.Thread(target=_listen, args=(there, stop), daemon=True).start()
    here.send("something else")
    assert not stop.is_set()
    here.send("stop")
    assert stop.wait(30)  # the connections stay open: at their end the whole process would end
    _KEPT.extend([here, there])


_KEPT: list[object] = []

DRIVER_GONE = """
import multiprocessing, threading
from mnist_sweep.execution.process import _listen
here, there = multiprocessing.Pipe()
here.close()
_listen(there, threading.Event())
print("still here")
"""

SIGNALLED = """
import os, signal, subprocess
from mnist_sweep.execution.process import _ignore_signals
_ignore_signals()
for number in (signal.SIGINT, signal.SIGTERM):
    os.kill(os.getpid(), number)
started = subprocess.Popen(["sleep", "60"])
started.terminate()
print(started.wait(30))
"""

REDIRECTED = """
import os, sys
from pathlib import Path
from mnist_sweep.execution.process import _redirect
_redirect(Path(sys.argv[1]))
print("from Python")
os.write(1, b"from C\\n")
sys.stderr.write("an error\\n")
os.abort()
"""


def test_a_process_ends_when_its_driver_is_gone() -> None:
    done = subprocess.run([sys.executable, "-c", DRIVER_GONE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")


def test_what_is_printed_is_in_the_log_and_a_crash_too(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text("of an earlier try\n")
    command = [sys.executable, "-c", REDIRECTED, str(log)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("", "")
    text = log.read_text()
    assert text.startswith("of an earlier try\nfrom Python\nfrom C\nan error\nFatal Python error: Aborted")
    assert list(tmp_path.iterdir()) == [log]  # no core file


def test_a_signal_ends_what_a_trial_has_started_but_not_the_trial() -> None:
    done = subprocess.run([sys.executable, "-c", SIGNALLED], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("-15\n", "")
