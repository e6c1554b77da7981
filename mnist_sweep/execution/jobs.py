"""From a configuration to a job, and a single job to its end: what sweep, train and reproduce share."""

import os
import shlex
import shutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from mnist_sweep import files
from mnist_sweep.cli.screen import transfer
from mnist_sweep.config import TrialConfig, UserError
from mnist_sweep.config.settings import RuntimeConfig
from mnist_sweep.config.trial import check_against_data
from mnist_sweep.execution import Done, Epoch, Executor, Failed, Job
from mnist_sweep.provenance import environment
from mnist_sweep.storage.folders import StudyFolder, TrialFolder
from mnist_sweep.tasks.image_classifier import data

# The groups that a stored configuration needs beside its own sections when Hydra composes it again.
DEFAULTS = [{"runtime": "local"}, {"study": "default"}, {"tracking": "mlflow"}, "_self_"]


def prepare(config: TrialConfig, say: Callable[[str], None], whole: bool = False) -> data.Description:
    """The data set, fetched if it must be and checked; raises UserError for whatever doesn't fit the configuration.

    The test images are looked at only if they are fetched, are to be validated with, or if `whole`.
    """
    with transfer(f"fetching {config.data.split.name}") as on_bytes:
        data.prepare(config.data, say, lambda fetched: data.describe(fetched, whole=True), on_bytes)
    description = data.describe(config.data, whole)
    check_against_data(config, description.image, description.train_images)
    return description


def images(
    runtime: RuntimeConfig, config: TrialConfig, description: data.Description
) -> AbstractContextManager[dict[str, Any] | None]:
    """The images of many trials in memory, for `make_job`; None where nothing is trained."""
    return nullcontext() if runtime.executor == "dry" else data.shared(config.data, description.digests)


def workers(runtime: RuntimeConfig) -> int:
    """How many trials run at the same time: as configured, or one on each core."""
    return runtime.workers or len(os.sched_getaffinity(0))


def train_command(overrides: Sequence[str], flags: Sequence[str]) -> str:
    """A trial's overrides as a command that can be pasted; `flags` say where its configuration lies."""
    return shlex.join(["mnist-sweep", "train", *overrides, *flags])


def stored(config: TrialConfig) -> dict[str, Any]:
    """A trial's configuration as `mnist-sweep train FILE` takes it."""
    return {"defaults": DEFAULTS, **config.plain(), "runs_folder": "runs"}


def make_job(
    number: int,
    config: TrialConfig,
    overrides: Sequence[str],
    folder: TrialFolder,
    description: data.Description,
    allowed: Sequence[str],
    flags: Sequence[str],
    started_by: str,
    keep_model: bool,
    stop_after: int | None = None,
    shared: dict[str, Any] | None = None,
) -> Job:
    """A trial as a job; writes its configuration and overrides into its folder.

    `shared` is where the images of its data set lie in memory, None if the trial is to read them.
    """
    folder.path.mkdir(parents=True, exist_ok=True)
    command = train_command(overrides, flags)
    files.write_yaml(folder.config, stored(config), f"# {command}\n")
    files.write_yaml(folder.overrides, list(overrides))
    settings = {
        "allowed": list(allowed),
        "data": description.plain(),
        "environment": {**environment(command, started_by), "data": description.plain()},
        "keep_model": keep_model,
        "stop_after": stop_after,
        "shared": shared,
    }
    return Job(number, "train", config.plain(), str(folder.path), settings)


def cleared(folder: TrialFolder) -> TrialFolder:
    """The folder without what an earlier try has left, its MLflow run apart."""
    for path in list(folder.path.iterdir()) if folder.path.is_dir() else []:
        if path == folder.tracking:
            continue
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return folder


def next_folder(study: StudyFolder) -> tuple[int, TrialFolder]:
    """A new trial's number and folder in a study without a search; safe with several processes at work."""
    if study.journal.exists():
        raise UserError(f"study.name={study.name} is a search: single trials can't be added; use another name")
    (study.path / "trials").mkdir(parents=True, exist_ok=True)
    number = max((int(trial.path.name) for trial in study.trials()), default=-1) + 1
    while True:
        try:
            study.trial(number).path.mkdir()
        except FileExistsError:
            number += 1
            continue
        return number, study.trial(number)


def run_one(executor: Executor, job: Job, on_epoch: Callable[[dict[str, float]], None]) -> Done | Failed:
    """Runs a job to its end."""
    executor.submit(job)
    while True:
        for event in executor.events(1.0):
            if isinstance(event, Epoch):
                on_epoch(event.row)
            elif isinstance(event, Done | Failed):
                return event


def shortest(path: Path) -> str:
    """A path as a person would type it: relative where that is shorter."""
    relative = os.path.relpath(path)
    return min(str(path), relative, key=len)
