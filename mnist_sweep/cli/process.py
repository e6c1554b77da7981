"""The process around a command: its streams, its folder, its interpreter."""

import os
import sys
from pathlib import Path

from mnist_sweep.config.errors import UserError


def open_streams() -> None:
    """Makes standard streams that are closed, or can't write every letter, usable: no line may end a sweep."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:  # closed: the next file that is opened would take its place
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
            os.set_inheritable(number, True)  # dup2 leaves it as it is where both are the same
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, closefd=False))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def check_process() -> None:
    """Raises UserError where no command can work: without assertions, or in a folder that is gone."""
    if not __debug__:
        raise UserError("PYTHONOPTIMIZE and python -O can't be used: Hydra's parser does not work without assertions")
    try:
        Path.cwd()
    except OSError:
        raise UserError("the working folder is gone: change to another one") from None
