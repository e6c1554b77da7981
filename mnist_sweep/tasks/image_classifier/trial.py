"""One trial of the image classifier: trains, evaluates and draws. Runs in its own process."""

import io
import math
import os
import resource
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from mnist_sweep import files
from mnist_sweep.config.errors import UserError
from mnist_sweep.config.image_classifier import ImageClassifierConfig, parse_image_classifier
from mnist_sweep.config.kernels import given
from mnist_sweep.config.schema import Shape
from mnist_sweep.storage.folders import TrialFolder
from mnist_sweep.tasks.context import TrialContext
from mnist_sweep.tasks.image_classifier.checkpoints import checkpoint_bytes
from mnist_sweep.tasks.image_classifier.compiling import compile_model, labels_for
from mnist_sweep.tasks.image_classifier.data import Dataset, attach, attached_groups, load, validated_groups
from mnist_sweep.tasks.image_classifier.data.groups import Groups
from mnist_sweep.tasks.image_classifier.evaluation import Predictions, predict, write_predictions
from mnist_sweep.tasks.image_classifier.figures import confusion_matrix, curves, error_gallery
from mnist_sweep.tasks.image_classifier.figures.style import save
from mnist_sweep.tasks.image_classifier.models import build
from mnist_sweep.tasks.image_classifier.models.initial import begin_with
from mnist_sweep.tasks.image_classifier.training import EVALUATION_BATCH, Recorder, batches, train, weights_digest

SUMMARY_COLUMNS = 100
OFF = 0.02  # of 1, that probabilities may add up to in bfloat16
THREADS = 1  # for each trial: the same sums in the same order, however many trials run concurrently


def use_one_thread() -> None:
    """Makes TensorFlow deterministic; has to be called before it computes anything."""
    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    tf.config.experimental.enable_op_determinism()


def _model(config: ImageClassifierConfig, image: Shape, classes: int) -> keras.Model:
    keras.utils.set_random_seed(config.trial_seed())
    keras.config.set_dtype_policy(config.train.precision)
    return build(config.model, image, classes)


def _summary(model: keras.Model) -> str:
    text = io.StringIO()
    os.environ["COLUMNS"] = str(SUMMARY_COLUMNS)  # without a terminal, Keras truncates what it prints
    model.summary(line_length=SUMMARY_COLUMNS, print_fn=lambda line, **_: text.write(f"{line}\n"))
    return text.getvalue()


def run(trial: TrialContext) -> dict[str, float]:
    """Trains the network of a configuration and writes predictions, figures and model into the trial's folder.

    Args:
        trial: The trial, of an ImageClassifierConfig.

    Returns:
        The metrics that are not curves; none without a complete epoch.

    Raises:
        UserError: A mistake in the configuration.
        FloatingPointError: A loss or a weight is not finite.
    """
    use_one_thread()
    config, data, folder = trial.config, trial.settings.data, trial.files
    assert isinstance(config, ImageClassifierConfig)
    classes = data["classes"]
    attached = attach(trial.settings.shared)
    dataset = attached or load(config.data, data["digests"])
    groups = attached_groups(trial.settings.shared or {}) if attached else validated_groups(config.data)
    model = _model(config, tuple(data["image"]), classes)
    files.write_text(folder.summary, _summary(model))
    trial.known(parameters=model.count_params())
    begin_with(model, config.train)
    trial.outcome |= {"threads": THREADS, "kernels": given(), "split_seed": config.data.split.split_seed}

    trial.started = time.time()
    trial.stopped = train(model, config, dataset, classes, Recorder(trial))
    trial.trained()

    rows = trial.rows
    if not rows:
        return {}
    trial.digest = weights_digest(model)
    _evaluate(trial, config, model, dataset, groups)
    if trial.keep_model and not trial.stopped:
        _save(model, folder)
    seconds = sum(row["seconds"] for row in rows)
    images = len(rows) * len(dataset.train_images) / seconds
    return {"parameters": model.count_params(), "images_per_second": images}


def _evaluate(
    trial: TrialContext, config: ImageClassifierConfig, model: keras.Model, dataset: Dataset, groups: Groups | None
) -> None:
    """Writes predictions and figures of the trained network."""
    images = batches(dataset.validation_images, None, EVALUATION_BATCH)
    predictions = predict(model, images, dataset.validation_labels, EVALUATION_BATCH)
    predictions = replace(predictions, groups=groups)
    write_predictions(trial.files.predictions, predictions)
    _draw(trial, config, dataset.validation_images, predictions)


def _save(model: keras.Model, folder: TrialFolder) -> None:
    """Writes the network without its optimizer's state, which is twice as large and not needed later.

    Of a model that can't be made again without its code, such as one that is written as a class, the weights alone.
    """
    try:
        bare = keras.models.clone_model(model)
        bare.set_weights(model.get_weights())
        with files.replaced(folder.model) as beside:
            bare.save(beside)
    except (ValueError, TypeError, NotImplementedError, AttributeError) as error:
        reason = str(error).split("\n")[0] or type(error).__name__
        sys.stdout.write(f"the model can't be saved without its code ({reason}): its weights are kept\n")
        with files.replaced(folder.weights) as beside:
            model.save_weights(beside)


def _draw(
    trial: TrialContext, config: ImageClassifierConfig, images: NDArray[np.float32], predictions: Predictions
) -> None:
    name, data, figures = config.model.target.rpartition(".")[2], trial.settings.data, trial.files.figures
    names = data.get("class_names", ())
    save(curves(trial.rows, f"{name} on {config.data.split.name}"), figures / "curves.png")
    save(error_gallery(images, predictions, config.trial_seed(), names), figures / "error_gallery.png")
    matrix = confusion_matrix(predictions.labels, predictions.predicted, data["classes"], names)
    save(matrix, figures / "confusion_matrix.png")


def _check_outputs(outputs: NDArray[Any], config: ImageClassifierConfig) -> None:
    """Raises UserError for a network that ends in no probabilities, which a crossentropy would take for such."""
    sums = np.asarray(outputs, np.float32).sum(axis=1)
    if isinstance(config.train.loss, str) and (abs(sums - 1) > OFF).any():
        worst = sums[abs(sums - 1).argmax()]
        raise UserError(
            f"model: {config.model.target} must end in probabilities, as by softmax, which "
            f"train.loss={config.train.loss} takes, but the outputs of an image add up to {worst:.3g}"
        )


def probe(plain: Mapping[str, Any], settings: Mapping[str, Any], steps: int) -> dict[str, float]:
    """Builds a configuration's network and times some steps on random images; the data set is not read.

    Args:
        plain: The configuration, as plain data.
        settings: `allowed` and `data`, as in TrialSettings.
        steps: How many training steps are timed, 0 for none.

    Returns:
        `parameters`, and if steps are timed `step_seconds` (CPU time, median), `evaluation_seconds` (CPU time of one
        image), `checkpoint`, the bytes of a checkpoint, and `memory`, the peak resident size of the process in bytes.

    Raises:
        UserError: A mistake in the configuration.
    """
    use_one_thread()
    config = parse_image_classifier(plain, settings["allowed"])
    data = settings["data"]
    image, classes, batch = tuple(data["image"]), data["classes"], config.train.batch_size
    model = _model(config, image, classes)
    found = {"parameters": float(model.count_params())}
    if steps:
        begin_with(model, config.train)
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
        _check_outputs(model.predict_on_batch(many), config)
        begun = time.process_time()
        model.predict_on_batch(many)
        found["evaluation_seconds"] = (time.process_time() - begun) / EVALUATION_BATCH
        found["checkpoint"] = float(checkpoint_bytes(model, config))
        found["memory"] = 1024.0 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert all(math.isfinite(value) for value in found.values())
    return found
