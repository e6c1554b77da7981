"""Downloads a run's files from an MLflow store."""

from pathlib import Path

from mnist_sweep.config import UserError
from mnist_sweep.config.check import shown
from mnist_sweep.config.settings import TrackingConfig
from mnist_sweep.storage.run_record import RunKind
from mnist_sweep.tracking.store import open_store

LARGEST = 20_000_000  # bytes; far more than these files have


def fetch(
    config: TrackingConfig, runs_folder: Path, run_id: str, names: tuple[str, ...], into: Path
) -> tuple[str, str]:
    """Downloads some of a run's artifacts.

    Args:
        config: Where the store is.
        runs_folder: The folder of the default store.
        run_id: The run's id.
        names: The artifacts; those that the run lacks are skipped.
        into: The folder to write to.

    Returns:
        The run's name and the id of its experiment.

    Raises:
        UserError: The run or its artifacts are unavailable, or the run is a study's.
    """
    if not run_id.isalnum():
        raise UserError(f"run must be an MLflow run id, got {shown(run_id)}")
    if config.uri is None and not (runs_folder / "mlflow.db").is_file():
        raise UserError(f"run={run_id} can't be looked up: there is no mlflow.db in {runs_folder}; give tracking.uri=")
    client, _ = open_store(config, runs_folder)
    from mlflow.exceptions import MlflowException

    try:
        run = client.get_run(run_id)
        if run.data.tags.get("kind") == RunKind.STUDY:
            raise UserError(f"run={run_id} is a study: give the run of one of its trials")
        sizes = {file.path: file.file_size or 0 for file in client.list_artifacts(run_id)}
        for name in names:
            if name not in sizes:
                continue  # the caller reports it
            if sizes.get(name, 0) > LARGEST:
                raise UserError(f"run={run_id} has a {name} of {sizes[name]:,} bytes: too large to be ours")
            client.download_artifacts(run_id, name, str(into))
    except (MlflowException, OSError) as error:
        raise UserError(f"run={run_id} is unavailable in {client.tracking_uri}: {str(error).splitlines()[0]}") from None
    return str(run.info.run_name or run_id), str(run.info.experiment_id)
