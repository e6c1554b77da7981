"""Gets a run's files back from an MLflow store."""

from pathlib import Path

from mnist_sweep.config import UserError
from mnist_sweep.config.check import shown
from mnist_sweep.config.settings import TrackingConfig
from mnist_sweep.tracking.store import open_store

LARGEST = 20_000_000  # bytes; none of these files comes near


def fetch(
    config: TrackingConfig, runs_folder: Path, run_id: str, names: tuple[str, ...], into: Path
) -> tuple[str, str]:
    """Downloads some of a run's artifacts; gives the run's name and its experiment's id.

    Raises UserError where they can't be had.
    """
    if not run_id.isalnum():
        raise UserError(f"run must be an MLflow run id, got {shown(run_id)}")
    if config.uri is None and not (runs_folder / "mlflow.db").is_file():
        raise UserError(f"run={run_id} can't be looked up: there is no mlflow.db in {runs_folder}; give tracking.uri=")
    client, _ = open_store(config, runs_folder)
    from mlflow.exceptions import MlflowException

    try:
        run = client.get_run(run_id)
        if run.data.tags.get("kind") == "study":
            raise UserError(f"run={run_id} is a whole study: give the run of one of its trials")
        sizes = {file.path: file.file_size or 0 for file in client.list_artifacts(run_id)}
        for name in names:
            if name not in sizes:
                continue  # whoever reads it says so
            if sizes.get(name, 0) > LARGEST:
                raise UserError(f"run={run_id} has a {name} of {sizes[name]:,} bytes: too large to be ours")
            client.download_artifacts(run_id, name, str(into))
    except (MlflowException, OSError) as error:
        raise UserError(f"run={run_id} can't be had from {client.tracking_uri}: {str(error).splitlines()[0]}") from None
    return str(run.info.run_name or run_id), str(run.info.experiment_id)
