"""`mnist-sweep export`: the trials of a study as a file that other programs read."""

from typing import Any

from mnist_sweep.cli.requests import export_request
from mnist_sweep.cli.screen import Screen
from mnist_sweep.config.composed import Composed
from mnist_sweep.execution.jobs import shortest
from mnist_sweep.formatting import plural
from mnist_sweep.results.locate import find_study
from mnist_sweep.results.study import read_study
from mnist_sweep.results.table import write_table
from mnist_sweep.storage.lock import is_held


def main(composed: Composed) -> tuple[int, Any]:
    """Writes a row for each trial, those that run included."""
    request = export_request(composed)
    folder = find_study(request.runs_folder, request.study)
    study = read_study(folder, is_held(folder))
    write_table(study, request.to)
    Screen().say(f"{shortest(request.to)}: {plural(len(study.trials), 'trial')} of study {study.name}")
    return 0, None
