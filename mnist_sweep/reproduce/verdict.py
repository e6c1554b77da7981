"""A trial that was retrained against what was recorded of it: EXACT, WITHIN TOLERANCE or DIFFERENT, and why."""

import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from mnist_sweep.config.flatten import differences
from mnist_sweep.config.image_classifier import PRIMARY
from mnist_sweep.config.kernels import chosen
from mnist_sweep.config.metrics import curves_of, is_timed
from mnist_sweep.config.settings import TrackingConfig
from mnist_sweep.config.sources import sources
from mnist_sweep.config.task import build_task, metric_table
from mnist_sweep.provenance import environment
from mnist_sweep.results.confirmation import TEST_ACCURACY, read_confirmation
from mnist_sweep.results.recorded import FETCHED, RecordedTrial, read_recorded, without_urls
from mnist_sweep.storage.folders import StudyFolder, TrialFolder
from mnist_sweep.tasks.image_classifier.evaluation import read_predictions
from mnist_sweep.tracking import fetch

# What a trial's bits may depend on besides its configuration, the likeliest cause of a difference first.
CAUSES = {
    "sources": "a module of your own has changed",
    "versions.tensorflow": "another TensorFlow computes in another way",
    "processor_features": "a processor with other features adds numbers in another order",
    "processor_caches": "a processor with other caches adds numbers in another order",
    "kernels": "other kernels of TensorFlow (TF_ENABLE_ONEDNN_OPTS) add numbers in another order",
    "threads": "other threads add numbers in another order",
    "versions.keras": "another Keras builds or trains networks in another way",
    "versions.numpy": "another NumPy draws or rounds in another way",
    "versions.scikit-learn": "another scikit-learn splits the images in another way",
    "diff": "the code has changes that are not committed",
    "dirty": "the code has changes that are not committed",
    "commit": "the code is another one",
    "versions.mnist_sweep": "the code is another one",
    "versions.python": "another Python",
    "processor": "another processor",
}
ENVIRONMENT_KEYS = ("sources", "versions", "commit", "dirty", "diff", "processor", "processor_features",
                    "processor_caches", "kernels", "threads")  # fmt: skip


class Likeness(StrEnum):
    """How like a trial's retraining is to what was recorded of it."""

    EXACT = "EXACT"
    WITHIN_TOLERANCE = "WITHIN TOLERANCE"
    DIFFERENT = "DIFFERENT"


@dataclass(frozen=True)
class Verdict:
    """EXACT, WITHIN TOLERANCE or DIFFERENT, and why; `has_failed` where the retraining has not come to its end."""

    verdict: Likeness
    why: str
    has_failed: bool = False


def read_run(run_id: str, runs_folder: Path, tracking: TrackingConfig, allowed: list[str]) -> RecordedTrial:
    """Returns a trial from its MLflow run alone.

    Args:
        run_id: MLflow's id of the run.
        runs_folder: Where the embedded MLflow store lies.
        tracking: Where MLflow is.
        allowed: The modules whose functions a configuration may name.

    Raises:
        UserError: The run is unavailable.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = TrialFolder(Path(temporary))
        name, experiment_id = fetch(tracking, runs_folder, run_id, FETCHED, folder.path)
        recorded = without_urls(read_recorded(folder, name, allowed))
    return replace(recorded, run_id=run_id, experiment_id=experiment_id)


def primary_metric(recorded: RecordedTrial) -> str:
    """Returns the metric by which a trial that is not the same to the bit is judged: of its task, or its first one."""
    primary = metric_table(build_task(recorded.config.task), recorded.config.plain()).primary
    return primary or next(name for name in (*curves_of(recorded.rows), *recorded.metrics) if not is_timed(name))


def default_tolerance(accuracy: float, images: int) -> float:
    """Returns two standard errors of the difference of two accuracies: the effect of chance.

    Args:
        accuracy: From 0 to 1.
        images: The number of images that it was measured on.
    """
    spread = max(accuracy * (1 - accuracy), 1 / images)
    return 2 * math.sqrt(2 * spread / images)


def seed_tolerance(study: StudyFolder, metric: str) -> float | None:
    """Returns two standard deviations of the difference of two runs on different seeds, as confirm measured them.

    Args:
        study: The study.
        metric: What is compared; a network's validation accuracy varies as its test accuracy does.

    Returns:
        The tolerance, from the mean variance of all finalists; None where confirm has not measured that metric.
    """
    found = read_confirmation(study.confirmed)
    if found is None or metric not in (found.measure, PRIMARY if found.measure == TEST_ACCURACY else None):
        return None
    variances = [row.test_accuracy.deviation**2 for row in found.finalists]
    return 2 * math.sqrt(2 * float(np.mean(variances))) if variances else None


def environment_differences(recorded: RecordedTrial) -> list[str]:
    """Returns what differs from the recorded environment, `key: then -> now`, the likeliest cause first."""
    before, kernels = recorded.environment, recorded.environment.trained_with
    now = {
        **environment("", ""),
        "sources": sources(recorded.config.plain()),
        "threads": before.threads,
        "kernels": chosen(kernels),
    }
    then = {key: getattr(before, key) for key in ENVIRONMENT_KEYS} | {"kernels": kernels}
    for key in ("sources", "processor_caches"):
        if then[key] is None:  # a trial from before they were recorded
            del then[key]
    found = differences(then, {key: now.get(key) for key in then})
    order = list(CAUSES)
    return sorted(found, key=lambda line: order.index(key) if (key := _key(line)) in order else len(order))


def _key(line: str) -> str:
    """Returns which of `CAUSES` a difference is, its own key where it is none."""
    key = line.partition(": ")[0]
    return "sources" if key.startswith("sources.") else key


def cause(changed: Sequence[str]) -> str:
    """Returns the most likely cause of a difference, given what changed in the environment."""
    for line in changed:
        if text := CAUSES.get(_key(line)):
            return f"most likely {text} ({line})"
    what = "nothing in the recorded environment" if not changed else "nothing that should change a result"
    return f"{what} is different, so something in the training itself is not determined by its configuration"


def _predictions(recorded: RecordedTrial, folder: TrialFolder) -> tuple[bool, str]:
    """Returns whether all probabilities are bit-identical, and how many predicted classes differ, in words."""
    if recorded.predictions is None or not folder.predictions.is_file():
        return True, ""
    old, new = recorded.predictions, read_predictions(folder.predictions)
    if old.predicted.shape != new.predicted.shape:
        return False, ", the predictions are of other images"
    other = int((old.predicted != new.predicted).sum())
    return np.array_equal(old.probabilities, new.probabilities), f", {other:,} of {len(new.labels):,} predictions"


def epochs_text(number: int) -> str:
    """Returns a number of epochs in words."""
    return "1 epoch" if number == 1 else f"{number} epochs"


def compare(recorded: RecordedTrial, result: Mapping[str, Any], folder: TrialFolder, tolerance: float) -> Verdict:
    """Compares weights, curve, metrics and predictions with what was recorded.

    Args:
        recorded: The trial as it was recorded.
        result: The result of the retraining.
        folder: The folder of the retraining.
        tolerance: How far the last value of the primary metric may differ.
    """
    rows = folder.rows()
    curves = [name for name in curves_of(recorded.rows) if not is_timed(name)]
    pairs = [(old[name], new.get(name, math.nan)) for old, new in zip(recorded.rows, rows, strict=False)
             for name in curves]  # fmt: skip
    same_curve = len(rows) == recorded.epochs and all(old == new for old, new in pairs)
    same_metrics = all(result["metrics"].get(k) == v for k, v in recorded.metrics.items() if not is_timed(k))
    same_weights = result["weights_digest"] == recorded.environment.weights_digest
    same_predictions, others = _predictions(recorded, folder)
    if same_weights and same_curve and same_metrics and same_predictions:
        what = [
            "weights" if recorded.predictions is not None or not recorded.rows else "results",
            *(["curve"] if recorded.rows else []),
            "metrics",
            *(["predictions"] if others else []),
        ]
        names = f"{', '.join(what[:-1])} and {what[-1]}"
        return Verdict(Likeness.EXACT, f"{names} are the same to the bit over {epochs_text(len(rows))}")
    primary = primary_metric(recorded)
    off = abs(result["metrics"].get(primary, math.inf) - recorded.metrics[primary])
    largest = max((abs(old - new) for old, new in pairs), default=0.0)
    by = f", the curves by {largest:.2g} at most" if pairs else ""
    what_off = f"{primary} is off by {off:.4g} (tolerance {tolerance:.4f}){by}{others}"
    verdict = Likeness.WITHIN_TOLERANCE if len(rows) == recorded.epochs and off <= tolerance else Likeness.DIFFERENT
    return Verdict(verdict, what_off)
