"""What a trained network is worth: metrics of its history, and its predictions."""

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_sweep.config import UserError
from mnist_sweep.config.metrics import CURVES, METRICS, PRIMARY, best_name, curve_best

Metrics = dict[str, float]


@dataclass(frozen=True)
class Predictions:
    """Probabilities (images, classes) as float32, and the labels that they come to and that were right (images,)."""

    probabilities: NDArray[np.float32]
    predicted: NDArray[np.int32]
    labels: NDArray[np.int32]

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether each image is predicted rightly."""
        return np.asarray(self.predicted == self.labels)

    @property
    def accuracy(self) -> float:
        """The share of the images that are predicted rightly."""
        return float(self.right.mean())

    @property
    def wrong(self) -> NDArray[np.int64]:
        """Indices of the images that are predicted wrongly, the most confident mistake first."""
        wrong = np.flatnonzero(~self.right)
        confidence = self.probabilities[wrong, self.predicted[wrong]]
        return wrong[np.argsort(-confidence, kind="stable")]


def predict(model: Any, images: Any, labels: NDArray[np.int32], batch_size: int | None) -> Predictions:
    """The model's probabilities for every image, and the likeliest label; batches have no size to be made."""
    probabilities = np.asarray(model.predict(images, batch_size=batch_size, verbose=0), np.float32)
    return Predictions(probabilities, probabilities.argmax(axis=1).astype(np.int32), labels)


def read_predictions(file: Path) -> Predictions:
    """Predictions as a trial has written them; raises UserError for a damaged file."""
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            return Predictions(arrays["probabilities"], arrays["predicted"], arrays["labels"])
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(f"{file} can't be read: {error}") from None


@dataclass(frozen=True)
class Hard:
    """An image by its index, how many networks get it wrong, and what most of these call it.

    It may have a wrong label where all networks call it the same other digit.
    """

    image: int
    label: int
    wrong: int
    called: int
    possible_label_error: bool


def hardest(predicted: NDArray[np.int32], labels: NDArray[np.int32]) -> list[Hard]:
    """The images that at least half of the networks get wrong, the hardest first.

    `predicted` has a row for each network and a column for each image.
    """
    wrong = (predicted != labels).sum(axis=0)
    found = []
    for image in np.flatnonzero(2 * wrong >= len(predicted)):
        others = predicted[predicted[:, image] != labels[image], image]
        names, counts = np.unique(others, return_counts=True)
        called = int(names[counts.argmax()])
        same = int(counts.max()) == len(predicted)
        found.append(Hard(int(image), int(labels[image]), int(wrong[image]), called, same))
    return sorted(found, key=lambda hard: (-hard.wrong, not hard.possible_label_error, hard.image))


def summarize(rows: Sequence[dict[str, float]], parameters: int, train_images: int) -> Metrics:
    """The metrics of a history: last and best of each curve, and the epoch of the best val_accuracy.

    Of equally good epochs the first counts. `training_seconds` is the time of all epochs, validation included;
    `images_per_second` counts training images.
    """
    seconds = sum(row["seconds"] for row in rows)
    return {
        **{name: rows[-1][name] for name in CURVES},
        **{best_name(name): curve_best(name, rows) for name in CURVES},
        "best_epoch": METRICS[PRIMARY].best_epoch(rows),
        "epochs": len(rows),
        "parameters": parameters,
        "training_seconds": seconds,
        "images_per_second": len(rows) * train_images / seconds,
    }
