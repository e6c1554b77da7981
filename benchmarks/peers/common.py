"""What all peers share: the data, the network, the search space, the log of times. Only numpy is imported at once."""

import argparse
import json
import math
import os
import time
import uuid
from pathlib import Path

import numpy as np

EPOCHS = 8
# mnist_sweep's own space is in conf/search/cnn.yaml: change both.
# ("choice", values) | ("steps", lowest, highest, step) | ("interval", lowest, highest) | ("log", lowest, highest)
SPACE = {
    "filters_1": ("choice", [8, 16, 24]),
    "kernel_size_1": ("choice", [3, 5]),
    "filters_2": ("choice", [32, 48, 64]),
    "kernel_size_2": ("choice", [2, 3, 4]),
    "dense_units": ("steps", 100, 400, 100),
    "dropout": ("interval", 0.0, 0.6),
    "learning_rate": ("log", 1e-3, 8e-3),
    "batch_size": ("choice", [64, 128, 256]),
    "beta_1": ("interval", 0.5, 0.95),
    "beta_2": ("interval", 0.9, 0.9995),
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
    """What time_to_good.py asks a peer's script for: `seed`, `limit` in seconds, `log`, the file of the time log."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--limit", type=float, required=True)
    parser.add_argument("--log", required=True)
    return parser.parse_args()


def mnist() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Images and labels to train on (the first 50,000), images and labels to validate with (the last 10,000)."""
    with np.load(Path(os.environ["MNIST_SWEEP_DATA"]) / "mnist.npz") as file:
        images, labels = file["x_train"], file["y_train"]
    images = images[..., np.newaxis].astype("float32") / 255
    return images[:-10_000], labels[:-10_000], images[-10_000:], labels[-10_000:]


def network(parameters: dict):
    """The compiled network of the parameters."""
    import keras
    from keras import layers

    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(parameters["filters_1"], parameters["kernel_size_1"], padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(parameters["filters_2"], parameters["kernel_size_2"], padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(parameters["dropout"]),
            layers.Flatten(),
            layers.Dense(parameters["dense_units"], activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    optimizer = keras.optimizers.Adam(
        parameters["learning_rate"], beta_1=parameters["beta_1"], beta_2=parameters["beta_2"]
    )
    model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


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
