"""`mnist-sweep show` and `mnist-sweep studies`: what there is, also while a sweep is running on it."""

import time
from typing import Any

from rich.table import Table

from mnist_sweep.cli.requests import show_request
from mnist_sweep.cli.screen import Screen
from mnist_sweep.config import UserError
from mnist_sweep.config.composed import Composed
from mnist_sweep.config.metrics import METRICS
from mnist_sweep.formatting import duration, short
from mnist_sweep.report import Study, Trial, read_study
from mnist_sweep.results.locate import find_study, studies
from mnist_sweep.storage.lock import is_held
from mnist_sweep.storage.state import FINISHED, TrialState
from mnist_sweep.storage.summary import read_summary

SHOWN = 20


def _leaderboard(study: Study) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for column in ("trial", *study.metrics, "epochs", "time"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("overrides", overflow="fold")
    for trial in study.ranked[:SHOWN]:
        values = [METRICS[name].format(value) for name, value in zip(study.metrics, trial.values, strict=True)]
        took = duration(trial.ended - trial.started) if trial.ended and trial.started else ""
        table.add_row(str(trial.number), *values, str(len(trial.rows)), took, short(trial.overrides))
    return table


def _running(trial: Trial, study: Study) -> str:
    value = f", {study.curve} {trial.rows[-1][study.curve]:.4f}" if trial.rows else ""
    since = f" for {duration(time.time() - trial.started)}" if trial.started else ""
    return f"Running: trial {trial.number}{since}, epoch {len(trial.rows)}{value}"


def main(composed: Composed) -> tuple[int, Any]:
    """Shows the leaderboard of a study."""
    request = show_request(composed)
    folder = find_study(request.runs_folder, request.study)
    study = read_study(folder, is_held(folder))
    screen = Screen()
    counts = ", ".join(f"{len(study.of_state(state))} {state.word}" for state in FINISHED)
    screen.say(f"Study {study.name}: {counts}", style="bold")
    for trial in study.of_state(TrialState.RUNNING):
        screen.say(_running(trial, study))
    if left := study.of_state(TrialState.INTERRUPTED):
        screen.say(f"Interrupted, and run again by the next call: trials {', '.join(str(t.number) for t in left)}")
    if study.ranked:
        screen.table(_leaderboard(study))
        if len(study.ranked) > SHOWN:
            screen.say(f"and {len(study.ranked) - SHOWN} more")
    else:
        screen.say("No trial is complete yet")
    if study.confirmed:
        screen.say(f"Confirmed: trial {study.confirmed.recommended} is recommended; see confirmed.json")
    return 0, None


def all_studies(composed: Composed) -> tuple[int, Any]:
    """Shows a line for every study in the runs folder, the one that was worked on last at the end."""
    runs_folder = show_request(composed).runs_folder
    screen = Screen()
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("study", overflow="fold")
    for column in ("complete", "pruned", "failed", "best"):
        table.add_column(column, justify="right", no_wrap=True)
    for column in ("state", "last"):
        table.add_column(column, no_wrap=True)
    found = []
    for study in studies(runs_folder):
        summary = read_summary(study.summary)
        if summary is None:
            continue
        confirmed = ", confirmed" if study.confirmed.is_file() else ""
        status = "running" if is_held(study) else f"idle{confirmed}"
        moment = study.summary.stat().st_mtime
        found.append((moment, [study.name, *(str(summary.states.get(state, 0)) for state in FINISHED),
                               f"{summary.best.value:.4f}" if summary.best else "", status,
                               time.strftime("%Y-%m-%d %H:%M", time.localtime(moment))]))  # fmt: skip
    if not found:
        raise UserError(f"there is no study in {runs_folder}: start with `mnist-sweep sweep`, or give runs_folder=")
    for _, row in sorted(found):
        table.add_row(*row)
    screen.table(table)
    return 0, None
