"""A confirmation from the finalists to the champion: what `mnist-sweep confirm` and `Study.confirm` do."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mnist_sweep import files
from mnist_sweep.config import UserError
from mnist_sweep.config.compose import Composer
from mnist_sweep.config.settings import ConfirmConfig, RuntimeConfig, TrackingConfig
from mnist_sweep.confirm.conclusion import conclude_study
from mnist_sweep.confirm.finalists import BASELINE, choose
from mnist_sweep.confirm.runs import ConfirmRuns, Run, runs_of, train
from mnist_sweep.confirm.test_set_log import openings
from mnist_sweep.confirm.winner import register_winner
from mnist_sweep.execution.jobs import shortest, workers
from mnist_sweep.execution.progress import Progress, Scope
from mnist_sweep.formatting import duration
from mnist_sweep.results.confirmation import Confirmation
from mnist_sweep.results.recorded import check_trained
from mnist_sweep.storage.copies import settle_in
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.lock import locked
from mnist_sweep.storage.state import TrialState
from mnist_sweep.tasks.data import Transfer
from mnist_sweep.tracking import Tracker, as_before
from mnist_sweep.tracking.run_recorder import RunRecorder


@dataclass(frozen=True)
class Confirming:
    """What is confirmed, and how.

    Attributes:
        study: The study.
        confirm: How many finalists, on how many seeds.
        runtime: Where the runs run.
        tracking: Where MLflow is.
        runs_folder: Where the embedded MLflow store lies.
        trusted: The modules whose functions a configuration may name.
        flags: The arguments that say where the configuration lies.
        line: The command line.
        composer: Knows the config groups, for winner.yaml.
    """

    study: StudyFolder
    confirm: ConfirmConfig
    runtime: RuntimeConfig
    tracking: TrackingConfig
    runs_folder: Path
    trusted: list[str]
    flags: Sequence[str]
    line: str
    composer: Composer


def _check(study: StudyFolder) -> None:
    """Raises UserError for a study that is no search, or in which nothing was trained."""
    if not study.config.is_file():
        raise UserError(f"study={study.name} holds single trials: only a search has finalists to confirm")
    check_trained(study)


def _intro(study: StudyFolder, runs: list[Run], done: int, screen: Progress) -> None:
    trials = list(dict.fromkeys(run.finalist.trial for run in runs))
    names = ", ".join("0 (the baseline)" if trial == BASELINE else str(trial) for trial in trials)
    seeds = len(runs) // len(trials)
    images = " and all training images" if runs[0].finalist.has_test_set else ""
    screen.say(f"Study {study.name}: trials {names}, each on {seeds} fresh seeds{images}")
    if done:
        screen.say(f"Going on: {done} of {len(runs)} runs have ended before")


def confirm(
    what: Confirming, screen: Progress, transfer: Transfer, show: Callable[[Confirmation], None]
) -> tuple[int, Confirmation | None]:
    """Chooses and trains the finalists, compares them, and registers the winner.

    Args:
        what: What is confirmed, and how.
        screen: Shows what happens.
        transfer: Shows a download.
        show: Shows the figures.

    Returns:
        The exit code, 1 if a run failed, and the figures; none where it was interrupted.

    Raises:
        UserError: Nothing can be confirmed.
    """
    began = time.monotonic()
    study, runtime, runs_folder = what.study, what.runtime, what.runs_folder
    _check(study)
    tracking = as_before(what.tracking, study)
    with locked(study):
        finalists = choose(study, what.confirm.top_k, what.trusted)
        runs = runs_of(study, finalists, what.confirm.seeds)
        todo = [run for run in runs if not run.is_done]
        at_once, done = min(len(runs), workers(runtime)), len(runs) - len(todo)
        curve = "accuracy" if finalists[0].has_test_set else finalists[0].metric.curve or ""
        counts = {TrialState.COMPLETE: done}
        screen.begin(Scope(f"confirming {study.name}", curve, len(runs), at_once, counts, kind="run"))
        settle_in(study, screen.say)
        openings(study)  # a damaged log is reported before anything is done
        _intro(study, runs, done, screen)
        tracker = Tracker(tracking, runs_folder, screen.warn)
        state = files.read_json_or_empty(study.tracking).get("mirrored") or TrialState.COMPLETE  # stays as it is
        try:
            if study.record.is_file():
                tracker.start_study(study)
            all_runs = ConfirmRuns(study, runs, todo, runtime, what.trusted, what.flags, what.line)
            code = train(all_runs, RunRecorder(tracker), screen, at_once, transfer) if todo else 0
            if code <= 1:
                found, winner = conclude_study(study, finalists, runs, what.line, what.composer)
        finally:
            tracker.finish_study(state)
            caught_up = tracker.close()
        if code > 1:
            screen.say("Interrupted; run the same command to go on", style="bold")
            return code, None
        on = f"{found.test_images:,} test images" if found.test_images else f"{found.seeds} fresh seeds"
        screen.say(f"\nConfirmed on {on}, in {duration(time.monotonic() - began)}:")
        show(found)
        screen.say(f"The winner's configuration: {shortest(study.winner)}; all figures: {shortest(study.confirmed)}")
        if tracking.enabled and not caught_up:
            behind = f"tracking is behind in {tracker.uri}: the champion is not registered"
            screen.warn(f"{behind}; run the same command again")
        elif tracking.enabled and winner.folder.model.is_file():
            screen.say("Registering the champion in MLflow")
            register_winner(study, found, winner.folder, tracking, runs_folder, screen.say)
    return code, found
