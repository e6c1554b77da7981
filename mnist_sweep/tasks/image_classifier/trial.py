"""One trial: configuration in, folder out. Runs in its own process, without Optuna and MLflow."""

import io
import math
import os
import resource
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from mnist_sweep import files
from mnist_sweep.config import TrialConfig, parse_trial
from mnist_sweep.config.kernels import given
from mnist_sweep.config.schema import Shape
from mnist_sweep.storage.environment import Outcome, write_environment
from mnist_sweep.storage.folders import TrialFolder
from mnist_sweep.tasks.image_classifier.data import Dataset, attach, load
from mnist_sweep.tasks.image_classifier.evaluation import Metrics, Predictions, predict, summarize, write_predictions
from mnist_sweep.tasks.image_classifier.figures import confusion_matrix, curves, error_gallery
from mnist_sweep.tasks.image_classifier.figures.style import save
from mnist_sweep.tasks.image_classifier.models import build
from mnist_sweep.tasks.image_classifier.training import (
    EVALUATION_BATCH,
    Recorder,
    Row,
    batches,
    compile_model,
    labels_for,
    train,
    weights_digest,
)

SUMMARY_COLUMNS = 100
THREADS = 1  # for each trial: the same sums in the same order, however many trials run concurrently


def use_one_thread() -> None:
    """Makes TensorFlow deterministic; has to be called before it computes anything."""
    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    tf.config.experimental.enable_op_determinism()


def _model(config: TrialConfig, image: Shape, classes: int) -> keras.Model:
    keras.utils.set_random_seed(config.trial_seed())
    keras.config.set_dtype_policy(config.train.precision)
    return build(config.model, image, classes)


def _summary(model: keras.Model) -> str:
    text = io.StringIO()
    os.environ["COLUMNS"] = str(SUMMARY_COLUMNS)  # without a terminal, Keras truncates what it prints
    model.summary(line_length=SUMMARY_COLUMNS, print_fn=lambda line, **_: text.write(f"{line}\n"))
    return text.getvalue()


@dataclass(frozen=True)
class TrialSettings:
    """What the driver tells a trial besides its configuration.

    Attributes:
        allowed: The modules and names that a configuration may call.
        data: The description of the data set, as `Description.plain` returns it.
        environment: What environment.json holds before the trial adds its seeds, times and the digest of its weights.
        keep_model: Whether the trained network is written.
        stop_after: The epoch after which the trial stops, from 1; None for no limit.
        shared: Where the driver has put the images for all trials; None if they are to be loaded.
    """

    allowed: Sequence[str]
    data: Mapping[str, Any]
    environment: Mapping[str, Any]
    keep_model: bool
    stop_after: int | None = None
    shared: Mapping[str, Any] | None = None


def run(
    plain: Mapping[str, Any],
    path: Path,
    settings: Mapping[str, Any],
    on_epoch: Callable[[Row], None],
    should_stop: Callable[[], bool],
    on_trained: Callable[[], None],
) -> dict[str, Any]:
    """Trains the network of a configuration and writes the trial's files into its folder.

    Args:
        plain: The configuration, as plain data.
        path: The trial's folder, which exists.
        settings: The fields of TrialSettings, as plain data.
        on_epoch: Is called with each row of the history.
        should_stop: Is asked every few batches whether the trial has to stop.
        on_trained: Is called after training, before predictions and figures: another trial may begin.

    Returns:
        `stopped`, `epochs`, `metrics`, `weights_digest` (None without a complete epoch) and `fit_seconds`.

    Raises:
        UserError: A mistake in the configuration.
        FloatingPointError: A loss or a weight is not finite.
    """
    given = TrialSettings(**settings)
    folder, classes = TrialFolder(path), given.data["classes"]
    config = parse_trial(plain, given.allowed)
    dataset = attach(given.shared) or load(config.data, given.data["digests"])
    model = _model(config, tuple(given.data["image"]), classes)
    files.write_text(folder.summary, _summary(model))

    recorder = Recorder(folder.history, on_epoch, should_stop, given.stop_after)
    started = time.time()
    stopped = train(model, config, dataset, classes, recorder)
    ended = time.time()
    on_trained()

    rows = recorder.rows
    digest = weights_digest(model) if rows else None
    write_environment(folder.environment, given.environment, _outcome(config, digest, len(rows), started, ended))
    metrics = _evaluate(folder, config, model, dataset, rows, classes) if rows else {}
    if rows and given.keep_model and not stopped:
        _save(model, folder.model)
    files.flush_to_disk(path)
    return {"stopped": stopped, "epochs": len(rows), "metrics": metrics, "weights_digest": digest,
            "fit_seconds": ended - started}  # fmt: skip


def _outcome(config: TrialConfig, digest: str | None, epochs: int, started: float, ended: float) -> Outcome:
    return Outcome(
        weights_digest=digest,
        epochs=epochs,
        ended=ended,
        started=started,
        threads=THREADS,
        kernels=given(),
        study_seed=config.seed,
        trial_seed=config.trial_seed(),
        split_seed=config.data.split.split_seed,
    )


def _evaluate(
    folder: TrialFolder, config: TrialConfig, model: keras.Model, dataset: Dataset, rows: list[Row], classes: int
) -> Metrics:
    """Writes metrics, predictions and figures of the trained network; returns the metrics."""
    metrics = summarize(rows, model.count_params(), len(dataset.train_images))
    files.write_json(folder.metrics, metrics)
    images = batches(dataset.validation_images, None, EVALUATION_BATCH)
    predictions = predict(model, images, dataset.validation_labels, EVALUATION_BATCH)
    write_predictions(folder.predictions, predictions)
    _draw(folder, config, rows, dataset.validation_images, predictions, classes)
    return metrics


def _save(model: keras.Model, file: Path) -> None:
    """Writes the network without its optimizer's state, which is twice as large and not needed later."""
    bare = keras.models.clone_model(model)
    bare.set_weights(model.get_weights())
    with files.replaced(file) as beside:
        bare.save(beside)


def _draw(
    folder: TrialFolder,
    config: TrialConfig,
    rows: list[Row],
    images: NDArray[np.float32],
    predictions: Predictions,
    classes: int,
) -> None:
    name = config.model.target.rpartition(".")[2]
    save(curves(rows, f"{name} on {config.data.split.name}"), folder.figures / "curves.png")
    save(error_gallery(images, predictions, config.trial_seed()), folder.figures / "error_gallery.png")
    matrix = confusion_matrix(predictions.labels, predictions.predicted, classes)
    save(matrix, folder.figures / "confusion_matrix.png")


def probe(plain: Mapping[str, Any], settings: Mapping[str, Any], steps: int) -> dict[str, float]:
    """Builds a configuration's network and times some steps on random images; the data set is not read.

    Args:
        plain: The configuration, as plain data.
        settings: `allowed` and `data`, as in TrialSettings.
        steps: How many training steps are timed, 0 for none.

    Returns:
        `parameters`, and if steps are timed `step_seconds` (CPU time, median), `evaluation_seconds` (CPU time of one
        image) and `memory`, the peak resident size of the process in bytes.

    Raises:
        UserError: A mistake in the configuration.
    """
    config = parse_trial(plain, settings["allowed"])
    data = settings["data"]
    image, classes, batch = tuple(data["image"]), data["classes"], config.train.batch_size
    model = _model(config, image, classes)
    found = {"parameters": float(model.count_params())}
    if steps:
        random = np.random.default_rng(0)
        images = random.random((batch, *image), np.float32)
        labels = labels_for(config.train, random.integers(0, classes, batch).astype(np.int32), classes)
        compile_model(model, config, steps)
        model.train_on_batch(images, labels)  # traces
        times = []
        for _ in range(steps):
            begun = time.process_time()  # CPU time: trials may be running concurrently
            model.train_on_batch(images, labels)
            times.append(time.process_time() - begun)
        found["step_seconds"] = float(np.median(times))
        many = np.resize(images, (EVALUATION_BATCH, *image))
        model.predict_on_batch(many)
        begun = time.process_time()
        model.predict_on_batch(many)
        found["evaluation_seconds"] = (time.process_time() - begun) / EVALUATION_BATCH
        found["memory"] = 1024.0 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert all(math.isfinite(value) for value in found.values())
    return found
