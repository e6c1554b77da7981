"""One trial: configuration in, folder out. Runs in a process of its own; knows neither Optuna nor MLflow."""

import io
import math
import os
import resource
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from mnist_sweep import files
from mnist_sweep.config import TrialConfig, parse_trial
from mnist_sweep.config.schema import Shape
from mnist_sweep.storage.folders import TrialFolder
from mnist_sweep.tasks.image_classifier.data import attach, load
from mnist_sweep.tasks.image_classifier.evaluation import predict, summarize
from mnist_sweep.tasks.image_classifier.figures import confusion_matrix, curves, error_gallery
from mnist_sweep.tasks.image_classifier.figures.style import save
from mnist_sweep.tasks.image_classifier.models import build
from mnist_sweep.tasks.image_classifier.training import (
    EVALUATION_BATCH,
    Row,
    batches,
    compile_model,
    labels_for,
    train,
    weights_digest,
)

SUMMARY_COLUMNS = 100
THREADS = 1  # one thread for each trial: the same sums in the same order, however many trials run beside it


def use_one_thread() -> None:
    """Has to be called before TensorFlow computes anything."""
    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    tf.config.experimental.enable_op_determinism()


def _model(config: TrialConfig, image: Shape, classes: int) -> keras.Model:
    keras.utils.set_random_seed(config.trial_seed())
    keras.config.set_dtype_policy(config.train.precision)
    return build(config.model, image, classes)


def _summary(model: keras.Model) -> str:
    text = io.StringIO()
    os.environ["COLUMNS"] = str(SUMMARY_COLUMNS)  # what Keras prints is otherwise cut where no terminal is
    model.summary(line_length=SUMMARY_COLUMNS, print_fn=lambda line, **_: text.write(f"{line}\n"))
    return text.getvalue()


def run(
    plain: Mapping[str, Any],
    path: Path,
    settings: Mapping[str, Any],
    on_epoch: Callable[[Row], None],
    should_stop: Callable[[], bool],
    on_trained: Callable[[], None],
) -> dict[str, Any]:
    """Trains the network of a configuration and writes the trial's files into its folder.

    `settings` are plain data from the driver: `allowed` targets, `data` (the description of the data set),
    `shared`, where the driver has put its images for all trials (null: they are loaded), `environment`, to which seeds
    and the digest of the weights are added, `keep_model`, and `stop_after`, an epoch to stop behind (null: none). What
    comes after training (predictions, figures) is behind `on_trained`: another trial may begin. Gives `stopped`,
    `epochs`, `metrics`, `weights_digest` and `fit_seconds`.

    Raises UserError for a mistake in the configuration, FloatingPointError for a loss that is not finite.
    """
    folder = TrialFolder(path)
    config = parse_trial(plain, settings["allowed"])
    data = settings["data"]
    image = tuple(data["image"])
    dataset = attach(settings.get("shared")) or load(config.data, data["digests"])
    model = _model(config, image, data["classes"])
    files.write_text(folder.summary, _summary(model))
    seen: list[Row] = []
    last = settings.get("stop_after") or math.inf

    def noted(row: Row) -> None:
        seen.append(row)
        on_epoch(row)

    started = time.time()
    rows, stopped = train(
        model, config, dataset, data["classes"], folder.history, noted, lambda: len(seen) >= last or should_stop()
    )
    ended = time.time()
    on_trained()
    environment = {
        **settings["environment"],
        "study_seed": config.seed,
        "trial_seed": config.trial_seed(),
        "split_seed": config.data.split.split_seed,
        "threads": THREADS,
        "started": started,
        "ended": ended,
        "weights_digest": weights_digest(model) if rows else None,
        "epochs": len(rows),
    }
    files.write_json(folder.environment, environment)
    metrics: dict[str, float] = {}
    if rows:
        metrics = summarize(rows, model.count_params(), len(dataset.train_images))
        files.write_json(folder.metrics, metrics)
        predictions = predict(
            model,
            batches(dataset.validation_images, None, EVALUATION_BATCH),
            dataset.validation_labels,
            EVALUATION_BATCH,
        )
        with files.replaced(folder.predictions) as beside:
            np.savez_compressed(
                beside,
                probabilities=predictions.probabilities,
                predicted=predictions.predicted,
                labels=predictions.labels,
            )
        _draw(folder, config, rows, dataset.validation_images, predictions, data["classes"])
        if not stopped and settings["keep_model"]:
            _save(model, folder.model)
    files.settle(path)
    return {
        "stopped": stopped,
        "epochs": len(rows),
        "metrics": metrics,
        "weights_digest": environment["weights_digest"],
        "fit_seconds": ended - started,
    }


def _save(model: keras.Model, file: Path) -> None:
    """Without the state of the optimizer, which is twice as large as the network and of no use later."""
    bare = keras.models.clone_model(model)
    bare.set_weights(model.get_weights())
    with files.replaced(file) as beside:
        bare.save(beside)


def _draw(
    folder: TrialFolder, config: TrialConfig, rows: list[Row], images: Any, predictions: Any, classes: int
) -> None:
    name = config.model.target.rpartition(".")[2]
    save(curves(rows, f"{name} on {config.data.split.name}"), folder.figures / "curves.png")
    gallery = error_gallery(
        images,
        predictions.labels,
        predictions.predicted,
        predictions.probabilities,
        predictions.wrong,
        config.trial_seed(),
    )
    save(gallery, folder.figures / "error_gallery.png")
    matrix = confusion_matrix(predictions.labels, predictions.predicted, classes)
    save(matrix, folder.figures / "confusion_matrix.png")


def probe(plain: Mapping[str, Any], settings: Mapping[str, Any], steps: int) -> dict[str, float]:
    """Builds a configuration's network and times some steps, on random images; the data set is not read.

    Gives `parameters`, and unless there are no steps `step_seconds`, `evaluation_seconds` (of an image) and `memory`,
    the most that the process has had, in bytes.
    """
    config = parse_trial(plain, settings["allowed"])
    data = settings["data"]
    image, classes, batch = tuple(data["image"]), data["classes"], config.train.batch_size
    model = _model(config, image, classes)
    found = {"parameters": float(model.count_params())}
    if steps:
        random = np.random.default_rng(0)
        images = random.random((batch, *image), np.float32)
        labels = labels_for(config.train.loss, random.integers(0, classes, batch).astype(np.int32), classes)
        compile_model(model, config, steps)
        model.train_on_batch(images, labels)  # traces
        times = []
        for _ in range(steps):
            begun = time.process_time()  # of the one thread: trials may be at work beside it
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
