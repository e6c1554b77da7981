"""`mnist-sweep show` and `mnist-sweep studies`: what there is, also while a sweep is running on it."""

import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

from rich.table import Table

from mnist_sweep.cli.requests import show_request, studies_request
from mnist_sweep.cli.screen import Screen
from mnist_sweep.config import UserError
from mnist_sweep.config.check import nearest
from mnist_sweep.config.commands import study_command
from mnist_sweep.config.composed import Composed
from mnist_sweep.execution.jobs import shortest
from mnist_sweep.files import read_json_or_empty
from mnist_sweep.formatting import duration
from mnist_sweep.results.locate import find_study, studies
from mnist_sweep.results.selection_noise import selection_noise, sentence
from mnist_sweep.results.study import Study, read_study
from mnist_sweep.results.trial import Trial
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.lock import is_held
from mnist_sweep.storage.requests import Request, logged
from mnist_sweep.storage.state import FINISHED, TrialState
from mnist_sweep.storage.summary import read_summary


def _took(trial: Trial) -> float | None:
    return trial.ended - trial.started if trial.ended and trial.started else None


# The columns besides metrics and searched keys.
COLUMNS: dict[str, Callable[[Trial], float | str | None]] = {
    "trial": lambda trial: trial.number,
    "state": lambda trial: trial.state.value,
    "epochs": lambda trial: len(trial.rows),
    "time": _took,
    "started": lambda trial: trial.started,
    "ended": lambda trial: trial.ended,
}


def _metrics(study: Study) -> set[str]:
    """The final metrics that any trial has, or could have."""
    return {*study.metric_table.known, *(name for trial in study.of_state(*FINISHED) for name in trial.metrics)}


def _column(study: Study, name: str) -> Callable[[Trial], float | str | None]:
    """Returns what gives a trial's value in a column, None where it has none; raises UserError for an unknown one."""
    if name in study.metrics:
        return lambda trial: dict(zip(study.metrics, trial.values, strict=False)).get(name)
    if name in COLUMNS:
        return COLUMNS[name]
    if name in _metrics(study):
        return lambda trial: trial.metrics.get(name)
    keys = [parameter.key for parameter in study.parameters]
    key = next((key for key in keys if name in (key, key.rpartition(".")[2])), None)
    if key is None:
        raise UserError(f"sort must be a column, got {name}{nearest(name, [*COLUMNS, *keys, *_metrics(study)])}")

    def searched(trial: Trial) -> float | str | None:
        text = study.values_of(trial).get(key)
        try:
            return None if text is None else float(text)
        except ValueError:
            return text

    return searched


def _sorted(study: Study, column: str | None, is_descending: bool) -> list[Trial]:
    """Returns all trials that have ended, as asked: those without a value come last.

    Raises:
        UserError: There is no such column.
    """
    trials = study.of_state(*FINISHED)
    if column is None:
        ranked = {trial.number for trial in study.ranked}
        return [*study.ranked, *(trial for trial in trials if trial.number not in ranked)]
    value = _column(study, column)
    values = {trial.number: value(trial) for trial in trials}

    def key(trial: Trial) -> tuple[bool, Any]:
        return isinstance(values[trial.number], str), values[trial.number]

    known = sorted((trial for trial in trials if values[trial.number] is not None), key=key, reverse=is_descending)
    return [*known, *(trial for trial in trials if values[trial.number] is None)]


def _leaderboard(study: Study, trials: Sequence[Trial], column: str | None, alike: Collection[int]) -> Table:
    """Returns the table of trials; those that can't be told from the best are marked with ≈."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    extra = [column] if column in _metrics(study) and column not in (*study.metrics, *COLUMNS) else []
    has_states = any(trial.state is not TrialState.COMPLETE for trial in trials)
    for name in ("trial", *(["state"] if has_states else []), *study.metrics, *extra, "epochs", "time"):
        table.add_column(name, justify="right", no_wrap=True)
    if alike:
        table.add_column("", no_wrap=True)
    table.add_column("overrides", overflow="fold")
    for trial in trials:
        named = dict(zip(study.metrics, trial.values, strict=False)) | {name: trial.metrics.get(name) for name in extra}
        values = ["" if value is None else study.metric_table.format(name, value) + trial.spread(name)
                  for name in (*study.metrics, *extra) for value in [named.get(name)]]  # fmt: skip
        took = _took(trial)
        state = [trial.state.value] if has_states else []
        mark = ["≈" if trial.number in alike else ""] if alike else []
        table.add_row(str(trial.number), *state, *values, str(len(trial.rows)), duration(took) if took else "", *mark,
                      trial.described)  # fmt: skip
    return table


def _running(trial: Trial, study: Study) -> str:
    value = f", {study.curve} {trial.rows[-1][study.curve]:.4f}" if trial.rows and study.curve in trial.rows[-1] else ""
    since = f" for {duration(time.time() - trial.started)}" if trial.started else ""
    return f"Running: trial {trial.number}{since}, epoch {len(trial.rows)}{value}"


def _paused(folder: StudyFolder) -> Request | None:
    """Returns the request by which a running search is paused, None where it is not."""
    noted = read_json_or_empty(folder.driver) if is_held(folder) else {}
    asked = [request for request, answer in logged(folder) if answer.is_done and request.kind in ("pause", "resume")]
    if not noted or not asked or asked[-1].kind == "resume":
        return None
    began = time.mktime(time.strptime(str(noted.get("since")), "%Y-%m-%d %H:%M:%S"))
    return asked[-1] if asked[-1].at >= began else None  # of this call


def main(composed: Composed) -> tuple[int, Any]:
    """Shows the leaderboard of a study."""
    request = show_request(composed)
    folder = find_study(request.runs_folder, request.study)
    study = read_study(folder, is_held(folder))
    screen = Screen()
    counts = ", ".join(f"{len(study.of_state(state))} {state.word}" for state in FINISHED)
    ended = f"; ended: {study.summary.ended}" if study.summary and study.summary.ended else ""
    screen.say(f"Study {study.name}: {counts}{ended}", style="bold")
    if study.summary and study.summary.note:
        screen.say(study.summary.note, wrap=True)
    if (paused := _paused(folder)) is not None:
        resume = study_command("resume", study.name, runs_folder=shortest(request.runs_folder))
        since = time.strftime("%H:%M", time.localtime(paused.at))
        screen.say(f"Paused by {paused.by} since {since}: no trial begins until {resume}")
    for trial in study.of_state(TrialState.RUNNING):
        screen.say(_running(trial, study))
    if left := study.of_state(TrialState.INTERRUPTED):
        screen.say(f"Interrupted, and run again by the next call: trial{'s' * (len(left) > 1)} "
                   f"{', '.join(str(t.number) for t in left)}")  # fmt: skip
    if not study.ranked:
        has_complete = bool(study.of_state(TrialState.COMPLETE))
        screen.say("No complete trial meets search.constraints" if has_complete else "No trial is complete yet")
    if trials := _sorted(study, request.sort, request.is_descending):
        listed = trials[: request.limit]
        noise = selection_noise(study)
        screen.table(_leaderboard(study, listed, request.sort, noise.alike if noise else ()))
        if len(trials) > len(listed):
            screen.say(f"and {len(trials) - len(listed)} more: --all, or limit={len(trials)}, lists them")
        if noise:
            screen.say(sentence(noise), wrap=True)
    if study.confirmed:
        screen.say(f"Confirmed: trial {study.confirmed.recommended} is recommended; see confirmed.json")
    return 0, None


def all_studies(composed: Composed) -> tuple[int, Any]:
    """Shows a line for every study in the runs folder, the one that was worked on last at the end."""
    runs_folder = studies_request(composed)
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
