"""Opens an MLflow store: without output, telemetry and long retries, one process at a time."""

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock

from mnist_sweep.config.secrets import masked
from mnist_sweep.config.settings import TrackingConfig
from mnist_sweep.files import replaced

ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
}


def tracking_uri(config: TrackingConfig, runs_folder: Path) -> str:
    """Returns the configured URI, or that of the SQLite database in the runs folder."""
    return config.uri or f"sqlite:///{(runs_folder / 'mlflow.db').absolute()}"


def _make_database(uri: str) -> None:
    """Makes MLflow's SQLite database next to its place and moves it there at once.

    A process that is killed while MLflow makes its tables leaves a database that MLflow can never use again.
    """
    file = Path(uri.removeprefix("sqlite:///"))
    if not uri.startswith("sqlite:///"):
        return
    for left in file.parent.glob(f".*.{file.name}*"):  # of a process that was killed here: the caller holds the lock
        left.unlink(missing_ok=True)
    if file.exists():
        return
    from mlflow import MlflowClient

    file.parent.mkdir(parents=True, exist_ok=True)
    with replaced(file) as beside:
        MlflowClient(tracking_uri=f"sqlite:///{beside}").search_experiments()


def quiet() -> None:
    """Silences MLflow; has to be called before it is imported."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # the caller reports what goes wrong


def open_store(
    config: TrackingConfig, runs_folder: Path, say: Callable[[str], None] = lambda _: None
) -> tuple[Any, str]:
    """Returns a client of the store and the id of the experiment, which is created or restored where necessary.

    Args:
        config: Where the store is.
        runs_folder: The folder of the default store.
        say: Reports that the experiment was restored.
    """
    quiet()
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    uri = tracking_uri(config, runs_folder)
    runs_folder.mkdir(parents=True, exist_ok=True)
    with FileLock(runs_folder / ".mlflow.lock"):  # two processes that make the same database break it
        _make_database(uri)
        client = MlflowClient(tracking_uri=uri)
        found = client.get_experiment_by_name(config.experiment)  # a deleted one, too
        if found is not None:
            if found.lifecycle_stage == "deleted":
                client.restore_experiment(found.experiment_id)
                say(f"Experiment {config.experiment} was deleted in {masked(uri)}: it is there again, with its runs")
            return client, found.experiment_id
        has_own_place = uri.startswith(("http://", "https://"))  # else MLflow would take ./mlruns
        location = None if has_own_place else (runs_folder / "artifacts").absolute().as_uri()
        tags = {"mlflow.experimentKind": "custom_model_development",  # the page then shows training, not GenAI
                "mlflow.experiment.primaryMetric.name": "best_val_accuracy",
                "mlflow.experiment.primaryMetric.greaterIsBetter": "True"}  # fmt: skip
        try:
            return client, client.create_experiment(config.experiment, artifact_location=location, tags=tags)
        except MlflowException:  # created by another process in the meantime
            time.sleep(1)
            return client, client.get_experiment_by_name(config.experiment).experiment_id
