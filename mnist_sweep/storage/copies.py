"""A study whose folder was renamed, moved or copied: its records say so, and a copy's MLflow runs are its own."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from mnist_sweep.config import UserError
from mnist_sweep.files import read_json_or_empty, write_json
from mnist_sweep.storage.folders import StudyFolder, TrialFolder
from mnist_sweep.storage.run_record import read_record


def _is_copy(study: StudyFolder, before: Path) -> bool:
    """Returns whether the folder that a study was in before is still there, with the same MLflow run."""
    other = StudyFolder(before)
    if not other.journal.is_file() or before.samefile(study.path):
        return False
    return read_json_or_empty(study.tracking).get("run_id") == read_json_or_empty(other.tracking).get("run_id")


def settle_in(study: StudyFolder, say: Callable[[str], None]) -> None:
    """Brings the records of a study up to the folder that it is in; the study has to be locked.

    A study that was renamed or moved keeps its MLflow runs, which get its new name. A copy is another study: its runs
    are made anew.

    Args:
        study: The study's folder.
        say: Reports that it is a copy, in a line.
    """
    try:
        record = read_record(study.record)
    except UserError:
        return  # there is none yet, or it is made anew
    noted = record.tags.get("folder")
    path = study.path.absolute()
    if noted is None or (noted == str(path) and record.tags.get("study") == study.name):
        return
    before = Path(noted)
    is_copy = _is_copy(study, before)
    if is_copy:
        say(f"Study {study.name} is a copy of {before}: another study from now on, with MLflow runs of its own")
    folders: list[StudyFolder | TrialFolder] = [*study.trials(), *study.confirmations(), study]
    for folder in folders:
        if folder.record.is_file():
            try:
                own = read_record(folder.record)
            except UserError:
                continue
            name = study.name + own.name.removeprefix(before.name)
            tags = {**own.tags, "study": study.name, "folder": str(folder.path.absolute())}
            replace(own, name=name, tags=tags).write(folder.record)
        if folder.tracking.is_file():
            known = {} if is_copy else {**read_json_or_empty(folder.tracking), "mirrored": None}
            write_json(folder.tracking, known)
