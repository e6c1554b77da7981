"""A search and a single trial from Python: the same as `mnist-sweep sweep` and `mnist-sweep train`."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mnist_sweep.api.around import unchanged_environment
from mnist_sweep.api.compose import composed
from mnist_sweep.api.functions import of_function, of_space
from mnist_sweep.api.printed import Printed
from mnist_sweep.api.study import Study
from mnist_sweep.api.trial import Trial
from mnist_sweep.config import UserError
from mnist_sweep.config.domains import as_literal
from mnist_sweep.driver.session import search
from mnist_sweep.driver.single import train as train_one
from mnist_sweep.execution.process import is_trial
from mnist_sweep.execution.progress import Progress, Silent
from mnist_sweep.storage.summary import read_summary
from mnist_sweep.tasks.data import not_shown

FAILED = 1  # the exit code of a search whose trials have failed


def sweep(
    *overrides: str,
    task: Callable[..., Any] | str | None = None,
    space: Mapping[str, Any] | None = None,
    n_trials: int | None = None,
    metric: str | None = None,
    direction: str | None = None,
    name: str | None = None,
    config_dir: str | Path | None = None,
    runs_folder: str | Path | None = None,
    verbose: bool = False,
) -> Study:
    """Searches, from where an earlier call on the same study has ended, and returns the study.

    Ctrl-C ends it: what is there is returned, and the same call goes on. From a script, call it under
    `if __name__ == "__main__":`, as the trials' processes import the script where its function is the task.

    Args:
        *overrides: The same as behind `mnist-sweep sweep`: "model=cnn", "model.dropout=interval(0.0,0.5)"; the first
            may be a best.yaml as the base.
        task: A function of your own, `objective(config, trial)`, at the top of a module, or its name with its module.
        space: What is searched, such as {"x": "interval(-1.0,1.0)"}; a key without a dot is one of `params`, a list is
            a choice.
        n_trials: How many trials, in total: `search.n_trials`.
        metric: What is searched for: `search.metric`.
        direction: Which way it is better, maximize or minimize: `search.direction`.
        name: The study's name: `study.name`.
        config_dir: A folder with configuration files of your own.
        runs_folder: Where studies are kept: `runs_folder`.
        verbose: Whether lines are printed; otherwise nothing is.

    Returns:
        The study.

    Warns:
        UserWarning: All trials have failed, or too many in a row.

    Raises:
        UserError: Something is wrong, before anything is trained: the message says which key, and what to do.
        Unavailable: The data or the disk; a UserError too.
    """
    texts = [
        *(of_function(task) if task is not None else []),
        *overrides,
        *(of_space(space) if space is not None else []),
    ]
    given = {"search.n_trials": n_trials, "search.metric": metric, "search.direction": direction, "study.name": name,
             "runs_folder": None if runs_folder is None else str(runs_folder)}  # fmt: skip
    _check_place("sweep")
    what = composed("sweep", _with(texts, given), config_dir, searches=True)
    with unchanged_environment():
        found = search(what, _progress(verbose), not_shown)
    if found.code == FAILED:
        summary = read_summary(found.folder.summary)
        why = summary.ended if summary and summary.ended else "its trials have failed"
        warnings.warn(f"study {found.folder.name}: {why}; log.txt in a trial's folder has its traceback", stacklevel=2)
    return Study(found.folder.path, what.trusted)


def train(
    *overrides: str,
    task: Callable[..., Any] | str | None = None,
    config_dir: str | Path | None = None,
    runs_folder: str | Path | None = None,
    verbose: bool = False,
) -> Trial:
    """Runs one trial, and returns it.

    Args:
        *overrides: The same as behind `mnist-sweep train`: "model=dnn", "optimizer.beta_1=0.8".
        task: A function of your own, `objective(config, trial)`, at the top of a module, or its name with its module.
        config_dir: A folder with configuration files of your own.
        runs_folder: Where studies are kept: `runs_folder`.
        verbose: Whether lines are printed; otherwise nothing is.

    Returns:
        The trial, whose `state` is COMPLETE or FAIL.

    Raises:
        UserError: Something is wrong, before anything is trained: the message says which key, and what to do.
        KeyboardInterrupt: It was interrupted.
    """
    texts = [*(of_function(task) if task is not None else []), *overrides]
    _check_place("train")
    folder = None if runs_folder is None else str(runs_folder)
    what = composed("train", _with(texts, {"runs_folder": folder}), config_dir, searches=False)
    with unchanged_environment():
        trained = train_one(what, _progress(verbose), not_shown)
    return Trial(trained.folder.path, what.trusted)


def _progress(verbose: bool) -> Progress:
    return Printed() if verbose else Silent()


def _with(texts: Sequence[str], given: Mapping[str, Any]) -> list[str]:
    return [*texts, *(f"{key}={as_literal(value)}" for key, value in given.items() if value is not None)]


def _check_place(name: str) -> None:
    """Raises UserError within a trial's process, which imports the script that has started it."""
    if is_trial():
        raise UserError(
            f"mnist_sweep.{name} was called while a trial's process imported the script: put the call under "
            "`if __name__ == '__main__':`"
        )
