"""Trains one network; callbacks are the only hook into Keras's `fit`."""

import hashlib
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from mnist_sweep.config import Component, TrialConfig, UserError
from mnist_sweep.config.metrics import CURVES
from mnist_sweep.config.targets import resolve
from mnist_sweep.storage.history import append_history, begin_history
from mnist_sweep.tasks.image_classifier.data import Dataset
from mnist_sweep.tasks.image_classifier.keras_private import ArrayDataAdapter

Row = dict[str, float]
EVALUATION_BATCH = 500
STEPS_PER_EXECUTION = 8  # in one call of TensorFlow: between calls Keras needs up to a tenth of a small network's step


class StopTraining(Exception):  # noqa: N818 - it is no error: the driver asked for it
    """Raised between two batches when the trial was told to stop."""


def build_optimizer(config: Component) -> keras.optimizers.Optimizer:
    """The optimizer that a configuration names; raises UserError for one that is none."""
    kind = resolve(config.target, "optimizer")
    optimizer = kind(**config.arguments)
    if not isinstance(optimizer, keras.optimizers.Optimizer):
        raise UserError(f"optimizer._target_ must be a keras.optimizers.Optimizer, got {config.target}")
    return optimizer


def compile_model(model: keras.Model, config: TrialConfig, steps: int) -> None:
    """Gives the network its optimizer and loss; with a schedule, the learning rate comes to 0 after so many steps."""
    settings = config.train
    optimizer = build_optimizer(config.optimizer)
    if settings.learning_rate_schedule == "cosine":
        optimizer.learning_rate = keras.optimizers.schedules.CosineDecay(float(optimizer.learning_rate), steps)
    sparse = settings.loss == "sparse_categorical_crossentropy"
    kind = keras.metrics.SparseCategoricalAccuracy if sparse else keras.metrics.CategoricalAccuracy
    # What is made within the first trace, TensorFlow traces a second time: a metric by its name, the optimizer's state.
    if model.built:
        optimizer.build(model.trainable_variables)
    model.compile(
        optimizer,
        loss=settings.loss,
        metrics=[kind(name="accuracy")],
        jit_compile=False,
        steps_per_execution=STEPS_PER_EXECUTION,
    )


def as_tensor(array: NDArray[Any]) -> tf.Tensor:
    """The same numbers for TensorFlow, without a copy where they lie as it needs them (64 bytes: Eigen's alignment)."""
    if array.flags.c_contiguous and array.flags.writeable and array.ctypes.data % 64 == 0:
        return tf.experimental.dlpack.from_dlpack(array.__dlpack__())
    return tf.convert_to_tensor(array)


def batches(
    images: NDArray[np.float32], labels: NDArray[Any] | None, batch_size: int, shuffle: bool = False
) -> tf.data.Dataset:
    """The batches that Keras's `fit` would make of these arrays, in its order, without a copy of them.

    Keras's own would have TensorFlow tune their making, in a thread that is asleep for up to a minute when it is to end
    and lets `fit` wait for it.
    """
    adapter = ArrayDataAdapter(
        as_tensor(images), None if labels is None else as_tensor(labels), batch_size=batch_size, shuffle=shuffle
    )
    options = tf.data.Options()
    options.autotune.enabled = False
    number = tf.data.experimental.assert_cardinality(math.ceil(len(images) / batch_size))
    return adapter.get_tf_dataset().apply(number).with_options(options)


class Recorder(keras.callbacks.Callback):  # type: ignore[misc]
    """Writes a row for each epoch as it ends, and watches over every few batches.

    Keeps the weights at the end of the last epoch: a trial that is stopped within an epoch goes back to them, so that
    what remains of it is the same however late the word to stop came.
    """

    def __init__(self, file: Path, on_epoch: Callable[[Row], None], should_stop: Callable[[], bool]) -> None:
        super().__init__()
        self.file = file
        self.on_epoch = on_epoch
        self.should_stop = should_stop
        self.rows: list[Row] = []
        self.weights: list[NDArray[Any]] = []
        self.epoch_started = 0.0

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        """Begins the file with its header."""
        begin_history(self.file)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        """Notes the time."""
        self.epoch_started = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Ends the training at once if the loss is not finite, or if it was told to stop."""
        if logs and not math.isfinite(logs["loss"]):
            raise FloatingPointError(f"loss became {logs['loss']} in epoch {len(self.rows) + 1} by batch {batch + 1}")
        if self.should_stop():
            raise StopTraining

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Adds the row, keeps the weights, tells the driver."""
        logs = logs or {}
        row = {"epoch": epoch + 1, **{name: float(logs[name]) for name in CURVES}}
        row["seconds"] = time.perf_counter() - self.epoch_started
        row["timestamp"] = time.time()
        if bad := [name for name in CURVES if not math.isfinite(row[name])]:
            raise FloatingPointError(f"{bad[0]} became {row[bad[0]]} in epoch {epoch + 1}")
        self.weights = self.model.get_weights()
        if not all(np.isfinite(weight).all() for weight in self.weights):
            # TensorFlow's relu makes 0 of NaN, so that a network of NaN can have a finite loss.
            raise FloatingPointError(f"weights became infinite or NaN in epoch {epoch + 1}")
        self.rows.append(row)
        append_history(self.file, row)
        self.on_epoch(row)


def labels_for(loss: str, labels: NDArray[np.int32], classes: int) -> NDArray[Any]:
    """Labels as the loss wants them: whole numbers, or one-hot rows of float32."""
    if loss == "categorical_crossentropy":
        return np.asarray(keras.utils.to_categorical(labels, classes), np.float32)
    return labels


def train(
    model: keras.Model,
    config: TrialConfig,
    dataset: Dataset,
    classes: int,
    file: Path,
    on_epoch: Callable[[Row], None],
    should_stop: Callable[[], bool],
) -> tuple[list[Row], bool]:
    """Trains the model in place; gives the rows of the history and whether it was told to stop.

    The weights are those at the end of the last whole epoch; with early stopping, of the epoch of the lowest val_loss.
    Raises FloatingPointError as soon as a loss is not finite.
    """
    settings = config.train
    compile_model(model, config, math.ceil(len(dataset.train_images) / settings.batch_size) * settings.epochs)
    recorder = Recorder(file, on_epoch, should_stop)
    callbacks: list[keras.callbacks.Callback] = [recorder]
    if settings.early_stopping_patience is not None:
        callbacks.append(
            keras.callbacks.EarlyStopping(patience=settings.early_stopping_patience, restore_best_weights=True)
        )
    try:
        model.fit(
            batches(
                dataset.train_images,
                labels_for(settings.loss, dataset.train_labels, classes),
                settings.batch_size,
                shuffle=True,
            ),
            epochs=settings.epochs,
            shuffle=False,  # `batches` does
            validation_data=batches(
                dataset.validation_images,
                labels_for(settings.loss, dataset.validation_labels, classes),
                EVALUATION_BATCH,
            ),
            callbacks=callbacks,
            verbose=0,
        )
    except StopTraining:
        if recorder.weights:
            model.set_weights(recorder.weights)
        return recorder.rows, True
    return recorder.rows, False


def weights_digest(model: keras.Model) -> str:
    """SHA-256 of all weights: shapes, types and every bit of their values, in the model's order."""
    digest = hashlib.sha256()
    for weight in model.get_weights():
        digest.update(f"{weight.shape}{weight.dtype}".encode())
        digest.update(np.ascontiguousarray(weight).tobytes())
    return digest.hexdigest()
