"""What a study's and a trial's MLflow run hold, read from their folders: mirroring twice changes nothing."""

import contextlib
import json
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from mnist_sweep.config.metrics import CURVES
from mnist_sweep.files import read_if_whole
from mnist_sweep.storage.folders import StudyFolder, TrialFolder
from mnist_sweep.storage.run_record import RunRecord

STATUS = {"COMPLETE": "FINISHED", "PRUNED": "KILLED", "FAIL": "FAILED", "INTERRUPTED": "KILLED"}
ARTIFACTS = ("config.yaml", "overrides.yaml", "history.csv", "metrics.json", "environment.json", "model.txt",
             "predictions.npz", "log.txt")  # fmt: skip
STATE_TAGS = ("verdict", "reproduces", "forked_from", "audited")  # of state.json, where they are there
LONGEST_VALUE = 6000  # MLflow cuts a parameter's value there
_FORBIDDEN = re.compile(r"[^\w\-./: ]")


def parameters(params: dict[str, Any], searched: Collection[str]) -> list[Any]:
    """MLflow's parameters: the searched ones first and under their key, all others behind `fixed.`."""
    from mlflow.entities import Param

    found = []
    for key, value in sorted(params.items(), key=lambda item: item[0] not in searched):
        text = value if isinstance(value, str) else json.dumps(value)
        name = key if key in searched else f"fixed.{key}"
        found.append(Param(_FORBIDDEN.sub("_", name), text[:LONGEST_VALUE]))
    return found


def tags(content: Mapping[str, Any]) -> list[Any]:
    """MLflow's tags."""
    from mlflow.entities import RunTag

    return [RunTag(key, str(value)) for key, value in content.items()]


def curve_names(kind: str) -> dict[str, str]:
    """What the curves are called in MLflow: those of a confirmed finalist are of the test images, and no trial's."""
    return {name: name.replace("val_", "test_") if kind == "confirm" else name for name in CURVES}


def epoch_metrics(rows: Iterable[Mapping[str, float]], kind: str) -> list[Any]:
    """Rows of the history as MLflow's metrics, with their own times, so that sending them twice changes nothing."""
    from mlflow.entities import Metric

    names = curve_names(kind)
    return [
        Metric(name, value, int(row["timestamp"] * 1000), int(row["epoch"]))
        for row in rows
        for name, value in {**{names[name]: row[name] for name in CURVES}, "epoch_seconds": row["seconds"]}.items()
    ]


def final_metrics(folder: TrialFolder, kind: str) -> list[Any]:
    """The metrics of a trial that has ended, besides the curves' last values, which the epochs have brought.

    A confirmed finalist has no best ones: nothing may be chosen by the test images.
    """
    from mlflow.entities import Metric

    rows, metrics = folder.rows(), read_if_whole(folder.metrics)
    if not rows:
        return []
    moment, step = int(rows[-1]["timestamp"] * 1000), int(rows[-1]["epoch"])
    chosen = [name for name in metrics if name not in CURVES and not (kind == "confirm" and name.startswith("best_"))]
    return [Metric(name, metrics[name], moment, step) for name in chosen]


def progress_metrics(rows: Iterable[tuple[int, float, dict[str, float]]]) -> list[Any]:
    """How far a search had come: how many trials had ended, when (seconds since 1970), and its metrics then."""
    from mlflow.entities import Metric

    return [Metric(name, value, int(moment * 1000), step) for step, moment, metrics in rows
            for name, value in metrics.items()]  # fmt: skip


def confirmed_tags(study: StudyFolder) -> dict[str, str]:
    """What the parent says of the test images: how often they were opened, and what was confirmed by them."""
    opened, found = read_if_whole(study.test_set), read_if_whole(study.confirmed)
    tags = {"test_set_opened": f"{opened['times_opened']}"} if "times_opened" in opened else {}
    with contextlib.suppress(KeyError, TypeError, ValueError, StopIteration):  # damaged
        row = next(row for row in found["finalists"] if row["trial"] == found["recommended"])
        sample = row["test_accuracy"]
        tags["confirmed_test_accuracy"] = f"{sample['mean']:.4f} ± {sample['deviation']:.4f}"
        tags["confirmed_trial"] = str(row["trial"])
    return tags


def view_of(record: RunRecord) -> dict[str, Any]:
    """A view of MLflow's table of runs for a study: its objective and searched parameters as columns, the best first.

    As the page itself stores one that is shared (MLflow 3.17: a tag of the experiment, named in the page's address).
    """
    metrics = list(record.params.get("search.metric") or ["best_val_accuracy"])
    directions = list(record.params.get("search.direction") or ["maximize"])
    keys = [_FORBIDDEN.sub("_", key.removeprefix("space.")) for key in record.params if key.startswith("space.")]
    columns = [*(f"metrics.`{name}`" for name in dict.fromkeys([*metrics, "best_epoch", "parameters"])),
               *(f"params.`{key}`" for key in keys), "tags.`state`"]  # fmt: skip
    return {
        "searchFilter": f"tags.study = '{record.tags['study']}' and tags.kind = 'trial'",
        "orderByKey": f"metrics.`{metrics[0]}`",
        "orderByAsc": directions[0] == "minimize",
        "selectedColumns": columns,
        "runsExpanded": {},
        "runsPinned": [],
        "runsHidden": [],
        "runsHiddenMode": "FIRST_10_RUNS",
    }


def view_link(experiment_id: str, record: RunRecord) -> str:
    """The address of that view within MLflow's page."""
    return f"#/experiments/{experiment_id}/runs?viewStateShareKey={quote(record.tags['study'])}"


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
