"""A job's folder on the disk: what is written before its process starts, and whether it has begun to train."""

import shutil
from pathlib import Path
from typing import Any

from mnist_sweep import files
from mnist_sweep.execution.executor import Job
from mnist_sweep.storage.deleted import deleted_numbers
from mnist_sweep.storage.folders import StudyFolder, TrialFolder

# The groups that a stored configuration needs next to its own sections when Hydra composes it again.
DEFAULTS = [{"runtime": "local"}, {"study": "default"}, {"tracking": "mlflow"}, "_self_"]


def folder_of(job: Job) -> TrialFolder:
    """Returns the folder of a trial's job."""
    return TrialFolder(Path(job.folder))


def stored(config: dict[str, Any]) -> dict[str, Any]:
    """Returns a trial's configuration as `mnist-sweep train FILE` takes it.

    Args:
        config: The configuration as plain data, as of `TrialConfig.plain`.
    """
    return {"defaults": DEFAULTS, **config, "runs_folder": "runs"}


def clear(folder: TrialFolder) -> None:
    """Removes what an earlier try has left in a folder, except for what names its MLflow run, and its checkpoint."""
    for path in list(folder.path.iterdir()) if folder.path.is_dir() else []:
        if path not in (folder.tracking, folder.lock, folder.checkpoint):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def write_job(job: Job) -> None:
    """Prepares the folder of a trial's job: its configuration, its overrides, and the checkpoint if there is one."""
    if job.kind != "train":
        return
    folder = folder_of(job)
    clear(folder)
    folder.path.mkdir(parents=True, exist_ok=True)
    files.write_yaml(folder.config, stored(job.config), f"# {job.settings['environment']['command']}\n")
    files.write_yaml(folder.overrides, list(job.overrides))


def has_begun(job: Job) -> bool:
    """Returns whether a job has begun to train."""
    return folder_of(job).has_begun()


def remove_checkpoint(job: Job) -> None:
    """Removes what a job that has ended would have gone on from."""
    if job.kind == "train":
        folder_of(job).checkpoint.unlink(missing_ok=True)


def next_folder(study: StudyFolder) -> tuple[int, TrialFolder]:
    """Makes the folder of a new trial in a study without a search; safe with several processes running.

    Returns:
        The trial's number and its folder.
    """
    (study.path / "trials").mkdir(parents=True, exist_ok=True)
    taken = {int(trial.path.name) for trial in study.trials()} | deleted_numbers(study)
    number = max(taken, default=-1) + 1
    while True:
        try:
            study.trial(number).path.mkdir()
        except FileExistsError:
            number += 1
            continue
        return number, study.trial(number)
