"""What a study's and a trial's MLflow run hold, read from their folders: mirroring twice changes nothing."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mnist_sweep.files import TrialFolder, read_history, read_json

STATUS = {"COMPLETE": "FINISHED", "PRUNED": "KILLED", "FAIL": "FAILED", "INTERRUPTED": "KILLED"}
LIVE = ("loss", "accuracy", "val_loss", "val_accuracy")
ARTIFACTS = ("config.yaml", "overrides.yaml", "history.csv", "metrics.json", "environment.json", "model.txt",
             "predictions.npz", "log.txt")  # fmt: skip
LONGEST_VALUE = 6000  # MLflow cuts a parameter's value there
_FORBIDDEN = re.compile(r"[^\w\-./: ]")


@dataclass(frozen=True)
class StudyRecord:
    """What the driver knows of a study: its run's name, parameters, tags and the data set."""

    name: str
    params: dict[str, Any]
    tags: dict[str, str]


@dataclass(frozen=True)
class TrialRecord:
    """What the driver knows of a trial: the run's name, all parameters, those that are searched, tags, data set."""

    name: str
    folder: TrialFolder
    params: dict[str, Any]
    searched: frozenset[str]
    tags: dict[str, str]
    data: dict[str, Any] = field(default_factory=dict)


def flatten(content: dict[str, Any], path: str = "") -> dict[str, Any]:
    """Nested mappings as one, with dots between the keys."""
    flat: dict[str, Any] = {}
    for key, value in content.items():
        name = f"{path}.{key}" if path else key
        flat |= flatten(value, name) if isinstance(value, dict) else {name: value}
    return flat


def parameters(params: dict[str, Any], searched: frozenset[str]) -> list[Any]:
    """MLflow's parameters: the searched ones first and under their key, all others behind `fixed.`."""
    from mlflow.entities import Param

    found = []
    for key, value in sorted(params.items(), key=lambda item: item[0] not in searched):
        text = value if isinstance(value, str) else json.dumps(value)
        name = key if key in searched else f"fixed.{key}"
        found.append(Param(_FORBIDDEN.sub("_", name), text[:LONGEST_VALUE]))
    return found


def tags(content: dict[str, str]) -> list[Any]:
    """MLflow's tags."""
    from mlflow.entities import RunTag

    return [RunTag(key, str(value)) for key, value in content.items()]


def epoch_metrics(row: dict[str, float]) -> list[Any]:
    """A row of the history as MLflow's metrics, with its own time, so that sending it twice changes nothing."""
    from mlflow.entities import Metric

    moment = int(row["timestamp"] * 1000)
    values = {**{name: row[name] for name in LIVE}, "epoch_seconds": row["seconds"]}
    return [Metric(name, value, moment, int(row["epoch"])) for name, value in values.items()]


def final_metrics(folder: TrialFolder) -> list[Any]:
    """The metrics of a trial that has ended, besides the curves' last values, which the epochs have brought."""
    from mlflow.entities import Metric

    if not folder.metrics.is_file():
        return []
    rows = read_history(folder.history)
    moment, step = int(rows[-1]["timestamp"] * 1000), int(rows[-1]["epoch"])
    metrics = read_json(folder.metrics)
    return [Metric(name, value, moment, step) for name, value in metrics.items() if name not in LIVE]


def data_input(data: dict[str, Any]) -> Any:
    """The data set as MLflow's input: the digest is of every pixel and label."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    profile = {"train_images": data["train_images"], "validation_images": data["validation_images"],
               "classes": data["classes"], "image": data["image"]}  # fmt: skip
    dataset = Dataset(
        name=data["name"],
        digest=data["digest"][:36],
        source_type="local",
        source=json.dumps({"sha256": data["digest"], **data["digests"]}),
        profile=json.dumps(profile),
    )
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])


def mirror_trial(client: Any, run_id: str, record: TrialRecord, state: str, reason: str | None) -> None:
    """Brings a trial's run up to its folder: curves, metrics, files, state."""
    folder = record.folder
    for row in read_history(folder.history):
        client.log_batch(run_id, metrics=epoch_metrics(row))
    more = {"state": state, **({"reason": reason} if reason else {})}
    if folder.environment.is_file():
        environment = read_json(folder.environment)
        more |= {key: str(environment[key]) for key in ("weights_digest", "trial_seed") if environment.get(key)}
    client.log_batch(run_id, metrics=final_metrics(folder), tags=tags({**record.tags, **more}))
    for name in ARTIFACTS:
        if (folder.path / name).is_file():
            client.log_artifact(run_id, str(folder.path / name))
    for figure in sorted(folder.figures.glob("*.png")):
        client.log_artifact(run_id, str(figure), "figures")
    client.set_terminated(run_id, STATUS[state], _ended(folder))


def _ended(folder: TrialFolder) -> int | None:
    """When a trial ended, in milliseconds since 1970; None where it did not get to its end: MLflow then takes now."""
    file: Path = folder.environment
    return int(read_json(file)["ended"] * 1000) if file.is_file() else None
