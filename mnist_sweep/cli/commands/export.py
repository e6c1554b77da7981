"""`mnist-sweep export`: the trials of a study, or the network of its winner, as other programs read them."""

import os
import shutil
from pathlib import Path
from typing import Any

from mnist_sweep.cli.requests import ONNX, SAVED_MODEL, export_request
from mnist_sweep.cli.screen import Screen
from mnist_sweep.config.composed import Composed
from mnist_sweep.confirm.export import Form, export
from mnist_sweep.confirm.winning import winner_of
from mnist_sweep.execution.jobs import shortest
from mnist_sweep.files import replaced
from mnist_sweep.formatting import plural
from mnist_sweep.results.locate import find_study
from mnist_sweep.results.study import Study, read_study
from mnist_sweep.results.table import write_table
from mnist_sweep.results.tensorboard import write_tensorboard
from mnist_sweep.storage.lock import is_held


def _saved_model(model: Path, study: Study) -> Path:
    """Writes a SavedModel into a folder of the study's, anew each time; returns it."""
    into = study.folder.path / SAVED_MODEL
    beside = into.with_name(f".{SAVED_MODEL}-{os.getpid()}")
    export(model, beside, Form.SAVED_MODEL)
    shutil.rmtree(into, ignore_errors=True)
    beside.rename(into)
    return into


def main(composed: Composed) -> tuple[int, Any]:
    """Writes what is asked for; of trials those that run are included."""
    request, screen = export_request(composed), Screen()
    folder = find_study(request.runs_folder, request.study)
    study = read_study(folder, is_held(folder))
    if request.kind in (SAVED_MODEL, ONNX):
        winner = winner_of(study)
        with screen.status("exporting"):
            if request.to is None:
                written = _saved_model(winner.model, study)
            else:
                written = request.to
                with replaced(written) as beside:
                    export(winner.model, beside, Form.ONNX)
        screen.say(f"{shortest(written)}: the network of {winner.text}, of study {study.name}")
        return 0, None
    count = plural(len(study.trials), "trial")
    if request.to is None:
        written = write_tensorboard(study)
        screen.say(f"{shortest(written)}: {count} of study {study.name}; tensorboard --logdir {shortest(written)}")
        return 0, None
    write_table(study, request.to)
    screen.say(f"{shortest(request.to)}: {count} of study {study.name}")
    return 0, None
