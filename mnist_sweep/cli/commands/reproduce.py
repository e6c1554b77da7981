"""`mnist-sweep reproduce`: retrains trials from their stored configuration alone and compares every bit."""

from pathlib import Path
from typing import Any

from mnist_sweep.cli.requests import ReproduceRequest, reproduce_request
from mnist_sweep.cli.screen import Screen, transfer
from mnist_sweep.config import UserError
from mnist_sweep.config.composed import Composed
from mnist_sweep.reproduce.session import Reproducing, reproduce
from mnist_sweep.reproduce.verdict import read_run
from mnist_sweep.results.locate import find_study, find_trial, study_of_run
from mnist_sweep.results.recorded import RecordedTrial, check_trained, read_best, read_recorded, reproducible
from mnist_sweep.storage.folders import StudyFolder


def _find(request: ReproduceRequest, trusted: list[str]) -> tuple[list[RecordedTrial], StudyFolder | None]:
    """Returns the requested trials, and their study if it is in the runs folder."""
    what = request.what
    if what.file is not None:
        return [read_best(Path(what.file), trusted)], None
    if what.run is not None:
        recorded = read_run(what.run, request.runs_folder, request.tracking, trusted)
        return [recorded], study_of_run(request.runs_folder, what.run)
    study = find_study(request.runs_folder, what.study_name)
    check_trained(study)
    folders = reproducible(study) if what.all else [find_trial(study, what.trial)]
    if not folders:
        raise UserError(f"study {study.name} has no trial to reproduce: no epoch of any has ended")
    return [read_recorded(folder, f"{study.name}-{folder.path.name}", trusted) for folder in folders], study


def main(composed: Composed) -> tuple[int, Any]:
    """Finds, retrains and compares trials; exit code 1 for DIFFERENT."""
    request = reproduce_request(composed)
    trials, study = _find(request, composed.trusted)
    what = Reproducing(
        trials=trials,
        study=study,
        is_audit=request.what.all,
        tolerance=request.what.tolerance,
        runtime=request.runtime,
        tracking=request.tracking,
        runs_folder=request.runs_folder,
        trusted=composed.trusted,
        line=composed.line,
    )
    return reproduce(what, Screen(), transfer)[0], None
