"""Finalists of a real small study, and their runs as if they had been trained."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mnist_sweep.confirm.finalists import Finalist, choose
from mnist_sweep.confirm.runs import Run
from mnist_sweep.files import read_json, write_json
from mnist_sweep.storage.folders import StudyFolder


@pytest.fixture
def study(own_runs: Path) -> StudyFolder:
    return StudyFolder(own_runs / "dnn-digits")


@pytest.fixture
def finalists(study: StudyFolder) -> list[Finalist]:
    """Two finalists: trial 1 and the baseline."""
    for number, value in enumerate([0.5, 0.9, 0.4, 0.3]):
        file = study.trial(number).state
        file.write_text(json.dumps({**json.loads(file.read_text()), "values": [value]}))
    return choose(study, 1, [])


@pytest.fixture
def finish(study: StudyFolder) -> Callable[[Run], None]:
    """Gives a run the results that its trial had in the search, as if it had been trained with its own seed."""

    def done(run: Run) -> None:
        shutil.copytree(study.trial(run.finalist.trial).path, run.folder.path)
        environment = read_json(run.folder.environment)
        of_run = {"trial_seed": run.config.trial_seed(), "epochs": run.config.train.epochs}
        write_json(run.folder.environment, environment | of_run)
        write_json(run.folder.state, {"trial": run.finalist.trial, "state": "COMPLETE", "seed": run.index})

    return done
