"""Finds studies and trials in the runs folder."""

from pathlib import Path

from mnist_sweep import files
from mnist_sweep.config import UserError
from mnist_sweep.config.check import nearest
from mnist_sweep.config.study_settings import check_study_name
from mnist_sweep.storage.folders import StudyFolder, TrialFolder
from mnist_sweep.storage.summary import read_summary


def studies(runs_folder: Path) -> list[StudyFolder]:
    """Returns all studies, those of single trials included, by name."""
    paths = [path for path in runs_folder.iterdir() if (path / "trials").is_dir()] if runs_folder.is_dir() else []
    return [StudyFolder(path) for path in sorted(paths) if not path.name.startswith(".")]


def find_study(runs_folder: Path, name: str | None) -> StudyFolder:
    """Returns a study.

    Args:
        runs_folder: Where the studies lie.
        name: The study's name, None for the search that was worked on last.

    Raises:
        UserError: There is no such study.
    """
    paths = [study.path for study in studies(runs_folder)]
    if name is not None:
        check_study_name(name, "study")
        if runs_folder / name not in paths:
            raise UserError(f"study={name} is not in {runs_folder}{nearest(name, [path.name for path in paths])}")
        return StudyFolder(runs_folder / name)
    searches = [path for path in paths if (path / "summary.json").is_file()]
    if not searches:
        raise UserError(f"there is no study in {runs_folder}: start with `mnist-sweep sweep`, or give runs_folder=")
    return StudyFolder(max(searches, key=lambda path: (path / "summary.json").stat().st_mtime))


def study_of_run(runs_folder: Path, run_id: str) -> StudyFolder | None:
    """Returns the study that a run of MLflow is a trial or a confirmation of, None for a run from elsewhere.

    Args:
        runs_folder: Where the studies lie.
        run_id: MLflow's id of the run.
    """
    for study in studies(runs_folder):
        for folder in (*study.trials(), *study.confirmations()):
            if files.read_json_or_empty(folder.tracking).get("run_id") == run_id:
                return study
    return None


def find_trial(study: StudyFolder, trial: int | None) -> TrialFolder:
    """Returns a trial's folder.

    Args:
        study: The trial's study.
        trial: Its number, None for the study's best trial.

    Raises:
        UserError: There is no such trial.
    """
    if trial is None:
        summary = read_summary(study.summary)
        if summary is None or summary.best is None:
            raise UserError(f"study {study.name} has no best trial: give one with trial=NUMBER")
        trial = summary.best.trial
    folder = study.trial(trial)
    if not folder.path.is_dir():
        numbers = [path.path.name for path in study.trials()]
        there = f"{numbers[0]} to {numbers[-1]}" if numbers else "none"
        raise UserError(f"trial={trial} is not in study {study.name}, which has {there}")
    return folder
