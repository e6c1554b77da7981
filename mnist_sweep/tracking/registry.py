"""MLflow's model registry: a network as an MLflow model, and its version with the alias `champion`."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mnist_sweep.config.settings import TrackingConfig
from mnist_sweep.tracking.store import open_store, quiet

ALIAS = "champion"
ARTIFACT = "model"
REQUIRED = ("tensorflow", "keras", "numpy", "mlflow")


@dataclass(frozen=True)
class Champion:
    """A network to be registered.

    Attributes:
        name: Of the registered model.
        run_id: The run that trained it.
        note: The version's description, in Markdown.
        tags: The version's tags.
    """

    name: str
    run_id: str
    note: str
    tags: dict[str, str]


def save(model: Any, folder: Path) -> None:
    """Writes a Keras network as an MLflow model with its signature and pinned requirements; nothing is pickled."""
    quiet()
    import mlflow.tensorflow
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    kind = np.dtype(np.float32)
    inputs = Schema([TensorSpec(kind, (-1, *model.input_shape[1:]))])
    outputs = Schema([TensorSpec(kind, (-1, *model.output_shape[1:]))])
    requirements = [f"{name}=={version(name)}" for name in REQUIRED]
    mlflow.tensorflow.save_model(
        model, folder, signature=ModelSignature(inputs, outputs), pip_requirements=requirements
    )


def promote(config: TrackingConfig, runs_folder: Path, champion: Champion) -> str | None:
    """Makes the version of a run's network the champion.

    Args:
        config: Where MLflow is.
        runs_folder: Where the embedded MLflow store lies.
        champion: The network, and what is said of it.

    Returns:
        The version, None if the network is not registered yet.
    """
    client, _ = open_store(config, runs_folder)
    found = client.search_model_versions(f"name = '{champion.name}' and run_id = '{champion.run_id}'")
    if not found:
        return None
    client.set_registered_model_alias(champion.name, ALIAS, found[0].version)
    return str(found[0].version)


def register(config: TrackingConfig, runs_folder: Path, champion: Champion, package: Path) -> str:
    """Registers a network as the champion.

    Args:
        config: Where the store is.
        runs_folder: The folder of the default store.
        champion: The network's metadata.
        package: The MLflow model, as `save` wrote it; it becomes an artifact of the run.

    Returns:
        Its version.
    """
    client, _ = open_store(config, runs_folder)
    from mlflow.exceptions import MlflowException

    client.log_artifacts(champion.run_id, str(package), ARTIFACT)
    try:
        client.create_registered_model(champion.name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    source = f"{client.get_run(champion.run_id).info.artifact_uri}/{ARTIFACT}"
    made = client.create_model_version(champion.name, source, champion.run_id, champion.tags, description=champion.note)
    client.set_registered_model_alias(champion.name, ALIAS, made.version)
    return str(made.version)
