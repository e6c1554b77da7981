"""Trains one network with Keras's `fit`, into which callbacks are the only hook."""

import hashlib
import math
import time
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from mnist_sweep.config.image_classifier import CURVES, ImageClassifierConfig
from mnist_sweep.tasks.context import TrialContext
from mnist_sweep.tasks.image_classifier.averaging import AverageWeights
from mnist_sweep.tasks.image_classifier.checkpoints import Checkpoints, is_of_keras
from mnist_sweep.tasks.image_classifier.compiling import compile_model, labels_for
from mnist_sweep.tasks.image_classifier.data import Dataset
from mnist_sweep.tasks.image_classifier.keras_private import ArrayDataAdapter

EVALUATION_BATCH = 500


class StopTraining(Exception):  # noqa: N818 - not an error: the driver asked for it
    """Raised between two batches after a stop request."""


def as_tensor(array: NDArray[Any]) -> tf.Tensor:
    """Returns an array as a tensor, without a copy where it is aligned as TensorFlow needs it (64 bytes, for Eigen)."""
    if array.flags.c_contiguous and array.flags.writeable and array.ctypes.data % 64 == 0:
        return tf.experimental.dlpack.from_dlpack(array.__dlpack__())
    return tf.convert_to_tensor(array)


def batches(
    images: NDArray[np.float32], labels: NDArray[Any] | None, batch_size: int, shuffle: bool = False
) -> tf.data.Dataset:
    """Returns the batches that Keras's `fit` would make of these arrays, in its order, without a copy of them.

    Keras's own data sets are autotuned by TensorFlow, in a thread that can sleep for up to a minute before it ends, and
    `fit` waits for it.

    Args:
        images: (images, height, width, channels), float32 from 0 to 1.
        labels: (images,) of int32 or (images, classes) of float32; None for predictions.
        batch_size: The number of images in a batch; the last one may have fewer.
        shuffle: Whether their order is drawn, from Keras's seed; each epoch has the same.
    """
    adapter = ArrayDataAdapter(
        as_tensor(images), None if labels is None else as_tensor(labels), batch_size=batch_size, shuffle=shuffle
    )
    options = tf.data.Options()
    options.autotune.enabled = False
    number = tf.data.experimental.assert_cardinality(math.ceil(len(images) / batch_size))
    return adapter.get_tf_dataset().apply(number).with_options(options)


class Recorder(keras.callbacks.Callback):  # type: ignore[misc]
    """Records each epoch of a trial as it ends, and ends the training early where that is asked for.

    Keeps the weights at the end of the last epoch: a trial that is stopped within an epoch goes back to them, so that
    its result does not depend on how late the stop request arrived.

    Attributes:
        weights: The weights after the last row, in the model's order; empty before the first epoch's end.
    """

    def __init__(self, trial: TrialContext) -> None:
        """Takes the trial that receives each epoch, and is asked every few batches whether it has to stop."""
        super().__init__()
        self.trial = trial
        self.weights: list[NDArray[Any]] = []
        self.epoch_started = 0.0

    def keep_weights(self) -> None:
        """Keeps the weights as they are."""
        self.weights = self.model.get_weights()

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        """Starts the epoch's clock."""
        self.epoch_started = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Ends the training if the loss is not finite, or on a stop request.

        Raises:
            FloatingPointError: The loss is not finite.
            StopTraining: The training has to stop.
        """
        if logs and not math.isfinite(logs["loss"]):
            epoch = len(self.trial.rows) + 1
            raise FloatingPointError(f"loss became {logs['loss']} in epoch {epoch} by batch {batch + 1}")
        if self.trial.should_stop():
            raise StopTraining

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Keeps the weights and records the epoch.

        Raises:
            FloatingPointError: A curve or a weight is not finite.
        """
        logs = logs or {}
        names = [*CURVES, *(name for name in logs if name not in CURVES)]
        curves = {name: float(logs[name]) for name in names}
        if bad := [name for name in names if not math.isfinite(curves[name])]:
            raise FloatingPointError(f"{bad[0]} became {curves[bad[0]]} in epoch {epoch + 1}")
        self.keep_weights()
        if not all(np.isfinite(weight).all() for weight in self.weights):
            # TensorFlow's relu turns NaN into 0, so that a network of NaN can have a finite loss.
            raise FloatingPointError(f"weights became infinite or NaN in epoch {epoch + 1}")
        self.trial.record(epoch + 1, curves, time.perf_counter() - self.epoch_started)


def _fit(model: keras.Model, config: ImageClassifierConfig, dataset: Dataset, classes: int, recorder: Recorder) -> None:
    settings = config.train
    labels = labels_for(settings, dataset.train_labels, classes)
    validation_labels = labels_for(settings, dataset.validation_labels, classes)
    average, stopping = None, None
    callbacks: list[keras.callbacks.Callback] = [recorder]
    if settings.weight_average:  # before the recorder, which keeps the average's weights
        average = AverageWeights(dataset.train_images)
        callbacks.insert(0, average)
    if settings.early_stopping_patience is not None:
        patience = settings.early_stopping_patience
        stopping = keras.callbacks.EarlyStopping(patience=patience, restore_best_weights=True)
        callbacks.append(stopping)
    train_batches = batches(dataset.train_images, labels, settings.batch_size, shuffle=True)
    batch = None if is_of_keras(config) else train_batches.element_spec
    checkpoints = Checkpoints(recorder.trial, average, stopping, batch, recorder.keep_weights)
    model.fit(
        train_batches,
        epochs=settings.epochs,
        initial_epoch=int(recorder.trial.last_epoch),
        shuffle=False,  # `batches` does
        validation_data=batches(dataset.validation_images, validation_labels, EVALUATION_BATCH),
        callbacks=[*callbacks, checkpoints],
        verbose=0,
    )


def train(
    model: keras.Model, config: ImageClassifierConfig, dataset: Dataset, classes: int, recorder: Recorder
) -> bool:
    """Trains a model in place, from where its trial is resumed; its history is the recorder's trial's.

    The weights are those at the end of the last complete epoch; with early stopping, of the epoch of the lowest
    val_loss.

    Args:
        model: The network; it is compiled here.
        config: The trial's configuration.
        dataset: The images to train and to validate with.
        classes: The number of classes, the width of one-hot labels.
        recorder: Receives each epoch.

    Returns:
        Whether the training was stopped by the recorder.

    Raises:
        FloatingPointError: A loss or a weight is not finite.
    """
    settings = config.train
    compile_model(model, config, math.ceil(len(dataset.train_images) / settings.batch_size) * settings.epochs)
    try:
        _fit(model, config, dataset, classes, recorder)
    except StopTraining:
        if recorder.weights:
            model.set_weights(recorder.weights)
        return True
    return False


def weights_digest(model: keras.Model) -> str:
    """Returns the SHA-256 of all weights: shapes, types and every bit of their values, in the model's order."""
    digest = hashlib.sha256()
    for weight in model.get_weights():
        digest.update(f"{weight.shape}{weight.dtype}".encode())
        digest.update(np.ascontiguousarray(weight).tobytes())
    return digest.hexdigest()
