"""One trial of any task: configuration in, folder out. Runs in its own process, without Optuna and MLflow."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mnist_sweep import files
from mnist_sweep.config import UserError, parse_trial
from mnist_sweep.config.metrics import AROUND, BEST, curves_of, is_timed
from mnist_sweep.config.task import Task, build_task, metric_table
from mnist_sweep.storage.environment import Outcome, write_environment
from mnist_sweep.storage.folders import TrialFolder
from mnist_sweep.storage.history import begin_history
from mnist_sweep.tasks.context import StopTrial, TrialContext
from mnist_sweep.tasks.reported import check_name, number
from mnist_sweep.tasks.trial_settings import TrialSettings


def run(
    plain: Mapping[str, Any],
    path: Path,
    settings: Mapping[str, Any],
    on_epoch: Callable[[Mapping[str, float]], None],
    should_stop: Callable[[], bool],
    on_trained: Callable[[], None],
    on_checkpoint: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Runs a configuration's task and writes the trial's files into its folder.

    Args:
        plain: The configuration, as plain data.
        path: The trial's folder, which exists.
        settings: The fields of TrialSettings, as plain data.
        on_epoch: Is called with each row of the history.
        should_stop: Is asked whether the trial has to stop.
        on_trained: Is called after training, before predictions and figures: another trial may begin.
        on_checkpoint: Is called when a checkpoint has been written.

    Returns:
        `stopped`, `epochs`, `metrics`, `weights_digest` (None without a complete epoch) and `fit_seconds`.

    Raises:
        UserError: A mistake in the configuration, or a task that reports nothing.
        FloatingPointError: A metric is not finite.
    """
    given = TrialSettings(**settings)
    config = parse_trial(plain, given.allowed)
    task = build_task(config.task)
    trial = TrialContext(config, TrialFolder(path), given, on_epoch, should_stop, on_trained, on_checkpoint)
    begin_history(trial.files.history, ["epoch", *task.metrics, "seconds", "timestamp"])
    own: dict[str, float] = {}
    try:
        own = _returned(task, task.run({key: config.plain()[key] for key in task.sections}, trial), trial)
    except StopTrial:
        if not trial.stopped:
            raise UserError("StopTrial is raised by trial.report; a task must not raise it itself") from None
    if own and not trial.rows:  # a task without epochs has one
        trial.record(1, own, time.time() - trial.started)
    trial.trained()
    if not (trial.rows or trial.stopped):
        raise UserError("the trial has reported nothing and returned nothing: trial.report(...) or return metrics")
    return finish(trial, task, own)


def _returned(task: Task, returned: Any, trial: TrialContext) -> dict[str, float]:
    if returned is None:
        return {}
    if not isinstance(returned, Mapping):
        kind = type(returned).__name__
        name = next(iter(task.metrics), "score")
        raise UserError(f"a task must return its metrics as a dictionary, such as {{{name!r}: 0.9}}, got {kind}")
    for name in map(str, returned):
        check_name(name)
        if name.startswith(BEST) and name.removeprefix(BEST) in curves_of(trial.rows):
            raise ValueError(
                f"the metric {name} can't be returned: it is the best of the {name.removeprefix(BEST)} reported"
            )
    return {str(name): number(str(name), value) for name, value in returned.items()}


def finish(trial: TrialContext, task: Task, own: Mapping[str, float]) -> dict[str, Any]:
    """Writes metrics.json and environment.json of a trial that has ended; returns its result as `run` does."""
    table = metric_table(task, trial.config.plain())
    metrics = table.summarize(trial.rows, own) if trial.rows else trial.refused
    digest = trial.digest or (_digest(trial, own) if trial.rows else None)
    if metrics:
        files.write_json(trial.files.metrics, metrics)
    outcome = Outcome(
        weights_digest=digest,
        epochs=len(trial.rows),
        ended=trial.ended or time.time(),
        started=trial.started,
        study_seed=trial.config.seed,
        trial_seed=trial.seed,
        stopped=trial.stopped,
        **trial.outcome,
    )
    write_environment(trial.files.environment, trial.settings.environment, outcome)
    files.flush_to_disk(trial.folder)
    return {"stopped": trial.stopped, "epochs": len(trial.rows), "metrics": metrics, "weights_digest": digest,
            "fit_seconds": outcome.ended - trial.started}  # fmt: skip


def _digest_of(file: Path) -> str:
    if not file.is_file():
        raise UserError(f"{file.name} was named with trial.add_file, but is not in the trial's folder")
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _digest(trial: TrialContext, own: Mapping[str, float]) -> str:
    """The SHA-256 of what a trial has reported and returned, times left out, and of the files that it has named."""
    rows = [{k: v for k, v in row.items() if k == "epoch" or not (k in AROUND or is_timed(k))} for row in trial.rows]
    content: list[Any] = [rows, {name: value for name, value in own.items() if not is_timed(name)}]
    if not trial.stopped:  # a trial that is stopped may have begun the next epoch, or not
        content += [[name, _digest_of(trial.folder / name)] for name in trial.named]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
