"""`mnist-sweep confirm`: the finalists of a search on fresh seeds, judged by the test images, which are opened here."""

import time
from typing import Any

from rich.table import Table

from mnist_sweep import files
from mnist_sweep.cli.requests import ConfirmRequest, confirm_request
from mnist_sweep.cli.screen import Screen, transfer
from mnist_sweep.config import UserError
from mnist_sweep.config.composed import Composed
from mnist_sweep.confirm.conclusion import conclude_study
from mnist_sweep.confirm.finalists import BASELINE, choose
from mnist_sweep.confirm.runs import ConfirmRuns, Run, runs_of, train
from mnist_sweep.confirm.test_set_log import openings
from mnist_sweep.confirm.winner import register_winner
from mnist_sweep.execution.jobs import shortest, workers
from mnist_sweep.formatting import duration
from mnist_sweep.results import confirmation_text
from mnist_sweep.results.confirmation import Confirmation
from mnist_sweep.results.locate import find_study
from mnist_sweep.results.recorded import check_local, check_trained
from mnist_sweep.storage.copies import settle_in
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.lock import locked
from mnist_sweep.storage.state import TrialState
from mnist_sweep.tracking import Tracker, as_before
from mnist_sweep.tracking.run_recorder import RunRecorder


def _show(found: Confirmation, screen: Screen) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for index, column in enumerate(confirmation_text.COLUMNS):
        table.add_column(column, justify="left" if index == 0 else "right")
    for row in confirmation_text.table(found):
        table.add_row(*row)
    screen.table(table)
    for sentence in confirmation_text.sentences(found):
        screen.say(sentence, wrap=True)


def _find(request: ConfirmRequest) -> StudyFolder:
    """Returns the study; raises UserError for one that is no search, or a dry one."""
    study = find_study(request.runs_folder, request.study)
    if not study.config.is_file():
        raise UserError(f"study={study.name} holds single trials: only a search has finalists to confirm")
    check_trained(study)
    return study


def _intro(study: StudyFolder, runs: list[Run], screen: Screen) -> None:
    trials = list(dict.fromkeys(run.finalist.trial for run in runs))
    names = ", ".join("0 (the baseline)" if trial == BASELINE else str(trial) for trial in trials)
    seeds = len(runs) // len(trials)
    screen.say(f"Study {study.name}: trials {names}, each on {seeds} fresh seeds and all training images")
    if screen.done:
        screen.say(f"Going on: {screen.done} of {screen.total} runs have ended before")


def main(composed: Composed) -> tuple[int, Any]:
    """Chooses and trains the finalists, compares them, registers the winner; exit code 1 if a run failed."""
    began = time.monotonic()
    request = confirm_request(composed)
    runtime, runs_folder = request.runtime, request.runs_folder
    check_local(runtime)
    study = _find(request)
    tracking = as_before(request.tracking, study)
    with locked(study):
        finalists = choose(study, request.confirm.top_k, composed.trusted)
        runs = runs_of(study, finalists, request.confirm.seeds)
        todo = [run for run in runs if not run.is_done]
        at_once = min(len(runs), workers(runtime))
        done = {TrialState.COMPLETE: len(runs) - len(todo)}
        screen = Screen(f"confirming {study.name}", "accuracy", len(runs), at_once, done, kind="run")
        settle_in(study, screen.say)
        openings(study)  # a damaged log is reported before anything is done
        _intro(study, runs, screen)
        tracker = Tracker(tracking, runs_folder, screen.warn)
        state = files.read_json_or_empty(study.tracking).get("mirrored") or TrialState.COMPLETE  # stays as it is
        try:
            if study.record.is_file():
                tracker.start_study(study)
            what = ConfirmRuns(study, runs, todo, runtime, composed.trusted, composed.flags, composed.line)
            code = train(what, RunRecorder(tracker), screen, at_once, transfer) if todo else 0
            if code <= 1:
                found, winner = conclude_study(study, finalists, runs, composed.line, composed.composer)
        finally:
            tracker.finish_study(state)
            caught_up = tracker.close()
        if code > 1:
            screen.say("Interrupted; run the same command to go on", style="bold")
            return code, None
        screen.say(f"\nConfirmed on {found.test_images:,} test images, in {duration(time.monotonic() - began)}:")
        _show(found, screen)
        screen.say(f"The winner's configuration: {shortest(study.winner)}; all figures: {shortest(study.confirmed)}")
        if tracking.enabled and not caught_up:
            behind = f"tracking is behind in {tracker.uri}: the champion is not registered"
            screen.warn(f"{behind}; run the same command again")
        elif tracking.enabled:
            screen.say("Registering the champion in MLflow")
            register_winner(study, found, winner.folder, tracking, runs_folder, screen.say)
    return code, None
