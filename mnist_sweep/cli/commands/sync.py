"""`mnist-sweep sync`: brings MLflow up to the studies' folders, or makes it anew from them."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from filelock import FileLock, Timeout
from rich.progress import Progress

from mnist_sweep.cli.requests import sync_request
from mnist_sweep.cli.screen import Screen
from mnist_sweep.config import Unavailable, UserError
from mnist_sweep.config.composed import Composed
from mnist_sweep.results.locate import find_study, studies
from mnist_sweep.storage.copies import settle_in
from mnist_sweep.storage.folders import StudyFolder, TrialFolder
from mnist_sweep.storage.state import StateFile, TrialState, read_state, write_state
from mnist_sweep.tracking import Writer, as_before, is_mirrored, is_refusal, reason_of, trouble


@contextlib.contextmanager
def _free(lock: Any) -> Iterator[bool]:
    """Holds a lock; yields whether it was free."""
    held = FileLock(lock)
    try:
        held.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        held.release()


def _leave(folder: TrialFolder) -> None:
    """Records that a trial without an end was interrupted: its driver has ended."""
    state = StateFile(int(folder.path.name.partition("-")[0]), TrialState.INTERRUPTED, "its driver was ended",
                      ended=time.time())  # fmt: skip
    write_state(folder.state, state)


def _sync_trials(study: StudyFolder, writer: Writer, parent: str | None, progress: Progress) -> tuple[int, bool, str]:
    """Brings up what is behind.

    Returns how many trials that were, whether all have ended, and which ones MLflow does not take, and why.
    """
    count, is_complete = 0, True
    refused: list[str] = []
    trials = [trial for trial in (*study.trials(), *study.confirmations()) if trial.record.exists()]
    for trial in progress.track(trials, description=study.name):
        with _free(trial.lock) as free:
            if not free:  # a single trial that is running
                continue
            if not trial.state.exists():
                _leave(trial)
            state = read_state(trial.state)
            is_complete = is_complete and (state is None or state.state is not TrialState.INTERRUPTED)
            if not is_mirrored(trial) or not writer.runs.has(trial.tracking, parent):
                try:
                    writer.trial(trial, parent)
                    count += 1
                except Exception as error:
                    if not is_refusal(error):
                        raise
                    refused.append(f"trial {trial.path.name}: {reason_of(error)}")
        trial.lock.unlink(missing_ok=True)
    return count, is_complete, "; ".join(refused)


def _sync(study: StudyFolder, writer: Writer, progress: Progress) -> int | None:
    """Brings a study up; returns how many trials were behind, None where a driver is running on it.

    Raises UserError at the end where there is a trial that MLflow does not take.
    """
    if not study.record.exists():  # single trials
        count, _, refused = _sync_trials(study, writer, None, progress)
    else:
        with _free(study.lock) as free:
            if not free:
                return None
            settle_in(study, writer.say)
            parent = writer.study(study)
            count, is_complete, refused = _sync_trials(study, writer, parent, progress)
            writer.study_ended(parent, study, TrialState.COMPLETE if is_complete else TrialState.INTERRUPTED)
    if refused:
        raise UserError(refused)
    return count


def main(composed: Composed) -> tuple[int, Any]:
    """Goes through one study, or all of them; raises Unavailable at the end where MLflow can't be reached for one."""
    request = sync_request(composed)
    config, runs_folder, name = request.tracking, request.runs_folder, request.study
    chosen = studies(runs_folder) if name is None else [find_study(runs_folder, name)]
    screen = Screen()
    if not chosen:
        screen.say(f"There is no study in {runs_folder}")
    behind: list[str] = []
    caught: tuple[type[Exception], ...] = (UserError, *trouble())
    with Progress(console=screen.console, transient=True, disable=not screen.console.is_terminal) as progress:
        for study in chosen:
            where = ""
            try:
                writer = Writer(as_before(replace(config, enabled=True), study), runs_folder, screen.say)
                where = f"tracking.uri={writer.runs.uri} can't be brought up to {study.name}: "
                count = _sync(study, writer, progress)
            except caught as error:
                behind.append(f"{where}{reason_of(error)}")
                continue
            if count is None:
                screen.say(f"{study.name}: another process is running on it and brings MLflow up to date itself")
            else:
                what = f"{count} {'trial' if count == 1 else 'trials'} brought up" if count else "nothing was behind"
                screen.say(f"{study.name}: {what} in {writer.runs.uri}")
    if behind:
        raise Unavailable("; ".join(behind))
    return 0, None
