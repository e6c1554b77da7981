"""Commands that are shown, to be pasted into a terminal."""

import shlex
from collections.abc import Sequence

from mnist_sweep.config.domains import as_literal


def study_command(command: str, study: str | None, allowed: Sequence[str] = (), runs_folder: str = "runs") -> str:
    """Returns a command on a study.

    Args:
        command: The command, such as reproduce.
        study: The study's name, None for none.
        allowed: The modules that its configurations name: a command has to trust them too.
        runs_folder: The folder of the study, as it is typed.
    """
    words = ["mnist-sweep", command, *([] if study is None else [study])]
    if allowed:
        words.append(f"runtime.allowed_targets={as_literal(list(allowed))}")
    if runs_folder != "runs":
        words.append(f"runs_folder={as_literal(runs_folder)}")
    return shlex.join(words)
