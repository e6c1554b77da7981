"""`mnist-sweep delete`: a trial or a study with its MLflow runs, after a question."""

import sys
from typing import Any

from mnist_sweep.cli.requests import delete_request
from mnist_sweep.cli.screen import Screen
from mnist_sweep.config import UserError
from mnist_sweep.config.composed import Composed
from mnist_sweep.driver.deletion import Deletion
from mnist_sweep.execution.jobs import shortest
from mnist_sweep.files import read_json_or_empty
from mnist_sweep.formatting import plural
from mnist_sweep.results.locate import find_study
from mnist_sweep.results.trial import read_trial
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.lock import check_free


def _trial_in_words(folder: StudyFolder, number: int) -> str:
    trial = read_trial(folder.trial(number))
    value = f", {trial.value:.4f}" if trial.value is not None else ""
    return f"trial {number} of study {folder.name} ({trial.state}{value})"


def _study_in_words(folder: StudyFolder) -> str:
    opened = read_json_or_empty(folder.test_set).get("times_opened", 0)
    log = f", also the log that the test set was opened {plural(opened, 'time')}" if opened else ""
    return f"study {folder.name} with {plural(len(folder.trials()), 'trial')}, all of {shortest(folder.path)}{log}"


def _is_wanted(what: str) -> bool:
    if not sys.stdin.isatty():
        raise UserError(f"delete asks before it deletes {what}: give yes=true where nobody can answer")
    sys.stdout.write(f"Delete {what}? It can't be undone. [y/N] ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def main(composed: Composed) -> tuple[int, Any]:
    """Deletes what is named."""
    request, screen = delete_request(composed), Screen()
    folder = find_study(request.runs_folder, request.study)
    check_free(folder)
    deletion = Deletion(folder, request.tracking, screen.say)
    if request.trial is not None:
        deletion.check_trial(request.trial)
    what = _study_in_words(folder) if request.trial is None else _trial_in_words(folder, request.trial)
    if not (request.yes or _is_wanted(what)):
        screen.say("Nothing is deleted")
        return 1, None
    if request.trial is None:
        deletion.study()
    else:
        deletion.trial(request.trial)
    runs = "; its MLflow runs are marked as deleted" if deletion.tracked else ""
    screen.say(f"Deleted {what}{runs}", wrap=True)
    return 0, None
