"""The content of MLflow's runs: parameters, metrics, tags, data sets and views, made from the files of a study."""

import contextlib
import json
import re
import statistics
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from mnist_sweep.config.metrics import AROUND, BEST
from mnist_sweep.config.secrets import masked
from mnist_sweep.files import read_json_or_empty
from mnist_sweep.storage.folders import StudyFolder, TrialFolder
from mnist_sweep.storage.run_record import RunKind, RunRecord
from mnist_sweep.storage.state import TrialState, read_state
from mnist_sweep.storage.usage import read_usage

STATUS: dict[str, str] = {
    TrialState.COMPLETE: "FINISHED",
    TrialState.PRUNED: "KILLED",
    TrialState.FAIL: "FAILED",
    TrialState.INTERRUPTED: "KILLED",
}
ARTIFACTS = [
    file.name
    for file in (
        TrialFolder.config,
        TrialFolder.overrides,
        TrialFolder.history,
        TrialFolder.metrics,
        TrialFolder.environment,
        TrialFolder.summary,
        TrialFolder.predictions,
        TrialFolder.log,
    )
]
STATE_TAGS = (
    "verdict",
    "reproduces",
    "forked_from",
    "audited",
    "origin",
    "infeasible",
)  # of state.json, where they are set
SYSTEM = "system/"  # the prefix by which MLflow knows system metrics
LONGEST_VALUE = 6000  # characters, where MLflow truncates a parameter's value
_FORBIDDEN = re.compile(r"[^\w\-./: ]")


def parameters(params: dict[str, Any], searched: Collection[str]) -> list[Any]:
    """Returns MLflow's parameters, the searched ones first and under their key, all others behind `fixed.`.

    Args:
        params: Values by dotted key.
        searched: The keys that are searched.
    """
    from mlflow.entities import Param

    found = []
    for key, value in sorted(params.items(), key=lambda item: item[0] not in searched):
        text = value if isinstance(value, str) else json.dumps(value)
        name = key if key in searched else f"fixed.{key}"
        found.append(Param(_FORBIDDEN.sub("_", name), masked(text)[:LONGEST_VALUE]))
    return found


def tags(content: Mapping[str, Any]) -> list[Any]:
    """Returns MLflow's tags."""
    from mlflow.entities import RunTag

    return [RunTag(key, masked(str(value))) for key, value in content.items()]


def is_on_test_images(record: RunRecord) -> bool:
    """Returns whether a run was evaluated on test images: a confirmation run of a task that has images."""
    return record.tags.get("kind") == RunKind.CONFIRM and bool(record.data.get("digests"))


def curve_name(name: str, is_test: bool) -> str:
    """Returns a curve's name in MLflow; `is_test` as of `epoch_metrics`."""
    return f"test_{name.removeprefix('val_')}" if is_test and name.startswith("val_") else name


def epoch_metrics(rows: Iterable[Mapping[str, float]], is_test: bool = False) -> list[Any]:
    """Returns rows of a history as MLflow's metrics, with their own times: logging them twice changes nothing.

    Args:
        rows: The rows.
        is_test: Whether the run was evaluated on the test images, in place of validation images.
    """
    from mlflow.entities import Metric

    return [
        Metric(name, value, int(row["timestamp"] * 1000), int(row["epoch"]))
        for row in rows
        for name, value in [
            *((curve_name(name, is_test), row[name]) for name in row if name not in AROUND),
            ("epoch_seconds", row["seconds"]),
        ]
    ]


def _over_seeds(folder: TrialFolder) -> dict[str, float]:
    """Returns mean and standard deviation of the objectives of a trial on several seeds, and how many these are."""
    state = read_state(folder.state)
    several = {name: values for name, values in ((state and state.seeds) or {}).items() if len(values) > 1}
    found: dict[str, float] = {}
    for name, values in several.items():
        count = {(state and state.seeds_are) or "seeds": float(len(values))}
        found |= {name: statistics.fmean(values), f"{name}_std": statistics.stdev(values), **count}
    return found


def final_metrics(folder: TrialFolder, is_test: bool = False) -> list[Any]:
    """Returns the metrics of an ended trial except the curves' last values, which its epochs have logged.

    A run on the test images has no best values: nothing may be chosen by them. `is_test` as of `epoch_metrics`. Where
    the final value of a curve is another than its last one, it comes a millisecond later: MLflow takes the latest.
    """
    from mlflow.entities import Metric

    rows, metrics = folder.rows(), {**read_json_or_empty(folder.metrics), **_over_seeds(folder)}
    if not rows:
        return []
    moment, step = int(rows[-1]["timestamp"] * 1000), int(rows[-1]["epoch"])
    curves = [name for name in rows[-1] if name not in AROUND]
    chosen = [name for name, value in metrics.items() if not (name in curves and value == rows[-1][name])
              and not (is_test and name.startswith(BEST))]  # fmt: skip
    return [Metric(name, metrics[name], moment + (name in curves), step) for name in chosen]


def system_metrics(folder: TrialFolder, ended: float) -> list[Any]:
    """Returns what a trial has taken of its machine, as metrics that MLflow's page shows among its system metrics.

    Args:
        folder: The trial's folder.
        ended: When it ended, in seconds since 1970.
    """
    from mlflow.entities import Metric

    usage = read_usage(folder)
    found = asdict(usage) if usage else {}
    return [Metric(f"{SYSTEM}{name}", value, int(ended * 1000), 0) for name, value in found.items()]


def progress_metrics(rows: Iterable[tuple[int, float, dict[str, float]]]) -> list[Any]:
    """Returns the metrics of a parent run.

    Args:
        rows: How many trials had ended, when (seconds since 1970), and the parent's metrics then.
    """
    from mlflow.entities import Metric

    return [Metric(name, value, int(moment * 1000), step) for step, moment, metrics in rows
            for name, value in metrics.items()]  # fmt: skip


def confirmed_tags(study: StudyFolder) -> dict[str, str]:
    """Returns the parent run's tags about the test set: how often it was opened, and the confirmed accuracy."""
    opened, found = read_json_or_empty(study.test_set), read_json_or_empty(study.confirmed)
    tags = {"test_set_opened": f"{opened['times_opened']}"} if "times_opened" in opened else {}
    with contextlib.suppress(KeyError, TypeError, ValueError, StopIteration):  # damaged
        row = next(row for row in found["finalists"] if row["trial"] == found["recommended"])
        sample = row["test_accuracy"]
        measure = str(found.get("measure", "test accuracy")).replace(" ", "_")
        tags[f"confirmed_{measure}"] = f"{sample['mean']:.4f} ± {sample['deviation']:.4f}"
        tags["confirmed_trial"] = str(row["trial"])
    return tags


def view_of(record: RunRecord) -> dict[str, Any]:
    """Returns a view of MLflow's table of runs: objective and searched parameters as columns, the best trial first.

    In the form in which MLflow 3.17 stores a shared view: a tag of the experiment, named in the page's address.
    """
    metrics = list(record.params.get("search.metric") or ["best_val_accuracy"])
    directions = list(record.params.get("search.direction") or ["maximize"])
    keys = [_FORBIDDEN.sub("_", key.removeprefix("space.")) for key in record.params if key.startswith("space.")]
    columns = [*(f"metrics.`{name}`" for name in dict.fromkeys([*metrics, "best_epoch", "parameters"])),
               *(f"params.`{key}`" for key in keys), "tags.`state`"]  # fmt: skip
    return {
        "searchFilter": f"tags.study = '{record.tags['study']}' and tags.kind = '{RunKind.TRIAL}'",
        "orderByKey": f"metrics.`{metrics[0]}`",
        "orderByAsc": directions[0] == "minimize",
        "selectedColumns": columns,
        "runsExpanded": {},
        "runsPinned": [],
        "runsHidden": [],
        "runsHiddenMode": "FIRST_10_RUNS",
    }


def data_input(data: dict[str, Any]) -> Any:
    """Returns a data set as MLflow's input; the digest is of every pixel and label."""
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
