"""Addresses within MLflow's UI that open on runs: the experiment's own address opens an empty overview of traces."""

from pathlib import Path
from urllib.parse import quote

from mnist_sweep.files import read_json_or_empty
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.run_record import RunKind

RUNS_FOLDER = "MNIST_SWEEP_UI_RUNS_FOLDER"  # the variable that tells the server's process
EXPERIMENTS = "#/experiments"


def runs_page(experiment_id: str, study: str | None = None) -> str:
    """Returns the address of an experiment's runs in the view for training, as MLflow 3.17 has it.

    Args:
        experiment_id: MLflow's id of the experiment.
        study: The study whose table of trials is shown, None for all runs.
    """
    view = f"&viewStateShareKey={quote(study)}" if study else ""
    return f"{EXPERIMENTS}/{experiment_id}/runs?workflowType=machine_learning{view}"


def study_page(study: StudyFolder) -> str | None:
    """Returns the address of a study's table of trials, None where the study is not in MLflow."""
    experiment_id = read_json_or_empty(study.tracking).get("experiment_id")
    tags = read_json_or_empty(study.record).get("tags")
    if not experiment_id or not isinstance(tags, dict) or tags.get("kind") != RunKind.STUDY:
        return None
    return runs_page(str(experiment_id), str(tags.get("study")))


def latest_page(runs_folder: Path) -> str:
    """Returns the address to start at: the table of the study that was mirrored last, else the experiments."""
    files = sorted(runs_folder.glob("*/mlflow.json"), key=lambda file: file.stat().st_mtime, reverse=True)
    return next((page for file in files if (page := study_page(StudyFolder(file.parent)))), EXPERIMENTS)
