"""What all peers share: the data, the network, the search space, the log of times. Only numpy is imported at once."""

import argparse
import json
import math
import os
import time
import uuid
from pathlib import Path

import numpy as np

EPOCHS = 8  # at a constant learning rate
RECIPE_EPOCHS = 2  # along the schedule of mnist_sweep's defaults
# mnist_sweep's own space is in conf/search/cnn.yaml: change both.
# ("choice", values) | ("steps", lowest, highest, step) | ("interval", lowest, highest) | ("log", lowest, highest)
SPACE = {
    "filters_1": ("choice", [8, 16, 24]),
    "kernel_size_1": ("choice", [3, 5]),
    "filters_2": ("choice", [32, 48, 64]),
    "kernel_size_2": ("choice", [2, 3, 4]),
    "dense_units": ("steps", 128, 384, 64),
    "dropout": ("interval", 0.0, 0.4),
    "learning_rate": ("log", 2e-3, 2e-2),
    "batch_size": ("choice", [64, 128]),
    "beta_1": ("interval", 0.5, 0.95),
    "beta_2": ("interval", 0.8, 0.999),
}
# mnist_sweep's base configuration, conf/model/cnn.yaml and conf/optimizer/adam.yaml.
FIRST = {
    "filters_1": 24,
    "kernel_size_1": 5,
    "filters_2": 32,
    "kernel_size_2": 3,
    "dense_units": 256,
    "dropout": 0.0,
    "learning_rate": 0.007,
    "batch_size": 64,
    "beta_1": 0.7,
    "beta_2": 0.9,
}

TRIVIAL_EPOCHS = 10
TRIVIAL_SPACE = {
    **{f"number_{index}": ("interval", 0.0, 1.0) for index in range(8)},
    "kind_1": ("choice", ["red", "green", "blue"]),
    "kind_2": ("choice", ["small", "large"]),
}


def trivial_curves(parameters: dict) -> list[dict]:
    """Four metrics for each epoch of a trial that does no work: a formula of the parameters."""
    distance = sum((parameters[f"number_{index}"] - 0.5) ** 2 for index in range(8)) / 8
    distance += 0.1 * (parameters["kind_1"] != "green") + 0.1 * (parameters["kind_2"] != "large")
    losses = [distance + math.exp(-epoch / 3) for epoch in range(TRIVIAL_EPOCHS)]
    return [
        {"loss": loss, "accuracy": 1 / (1 + loss), "val_loss": 1.1 * loss, "val_accuracy": 1 / (1 + 1.1 * loss)}
        for loss in losses
    ]


def given() -> argparse.Namespace:
    """What time_to_good.py asks a peer's script for.

    `seed`, `limit` in seconds, `log`, the file of the time log, and `recipe`: whether networks, training and first
    configuration are those of mnist_sweep's defaults.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--limit", type=float, required=True)
    parser.add_argument("--log", required=True)
    parser.add_argument("--recipe", action="store_true")
    arguments = parser.parse_args()
    arguments.epochs = RECIPE_EPOCHS if arguments.recipe else EPOCHS
    return arguments


def mnist() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Images and labels to train on (the first 50,000), images and labels to validate with (the last 10,000)."""
    with np.load(Path(os.environ["MNIST_SWEEP_DATA"]) / "mnist.npz") as file:
        images, labels = file["x_train"], file["y_train"]
    images = images[..., np.newaxis].astype("float32") / 255
    return images[:-10_000], labels[:-10_000], images[-10_000:], labels[-10_000:]


def network(parameters: dict, recipe: bool = False):
    """The compiled network of the parameters, as the textbook has it or as mnist_sweep's defaults do."""
    import keras
    from keras import layers

    def block(number: int) -> list:
        filters, size = parameters[f"filters_{number}"], parameters[f"kernel_size_{number}"]
        if recipe:
            return [layers.Conv2D(filters, size), layers.MaxPooling2D(2), layers.ReLU()]
        padding = parameters.get("padding", "same")
        return [layers.Conv2D(filters, size, padding=padding, activation="relu"), layers.MaxPooling2D(2)]

    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            *block(1),
            *block(2),
            layers.Dropout(parameters["dropout"]),
            layers.Flatten(),
            layers.Dense(parameters["dense_units"], activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    rate = parameters["learning_rate"]
    optimizer = keras.optimizers.Adam(
        triangular(rate, RECIPE_EPOCHS * math.ceil(50_000 / parameters["batch_size"])) if recipe else rate,
        beta_1=parameters["beta_1"],
        beta_2=parameters["beta_2"],
    )
    if recipe:
        loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.05)
        model.compile(optimizer, loss=loss, metrics=["accuracy"])
    else:
        model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def labels(given: np.ndarray, recipe: bool) -> np.ndarray:
    """The labels as the loss wants them: one-hot rows where they are smoothed."""
    return np.eye(10, dtype="float32")[given] if recipe else given


def triangular(rate: float, steps: int):
    """Up to the rate over 30% of the steps and down to 0, in straight lines."""
    import keras

    class Triangular(keras.optimizers.schedules.LearningRateSchedule):
        """A schedule as Keras's guide has it."""

        def __call__(self, step):
            done = keras.ops.cast(step, "float32") / steps
            return rate * keras.ops.maximum(0.0, keras.ops.minimum(done / 0.3, (1 - done) / 0.7))

    return Triangular()


def time_log(file: str):
    """A callback that appends a line to the file at the end of each epoch; each training is a trial of its own."""
    import keras

    class TimeLog(keras.callbacks.Callback):
        """Writes when an epoch ended and how good it was."""

        def on_train_begin(self, logs=None):  # noqa: ARG002
            self.trial = uuid.uuid4().hex[:8]

        def on_epoch_end(self, epoch, logs=None):
            row = {"time": time.time(), "trial": self.trial, "epoch": epoch, "val_accuracy": logs["val_accuracy"]}
            with Path(file).open("a") as stream:
                stream.write(json.dumps(row) + "\n")

    return TimeLog()
