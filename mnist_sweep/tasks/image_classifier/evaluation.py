"""The metrics of a history, and a network's predictions."""

import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_sweep.config import UserError
from mnist_sweep.files import replaced
from mnist_sweep.tasks.image_classifier.data.groups import Column, Groups


@dataclass(frozen=True)
class Predictions:
    """A network's predictions for some images.

    Attributes:
        probabilities: (images, classes), float32 from 0 to 1.
        predicted: (images,), the class of the highest probability.
        labels: (images,), the true labels.
        groups: What is known of the images besides, None where `data.groups` names nothing.
    """

    probabilities: NDArray[np.float32]
    predicted: NDArray[np.int32]
    labels: NDArray[np.int32]
    groups: Groups | None = None

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether each image is classified correctly, (images,)."""
        return np.asarray(self.predicted == self.labels)

    @property
    def accuracy(self) -> float:
        """The share of the images that are classified correctly, from 0 to 1."""
        return float(self.right.mean())

    @property
    def wrong(self) -> NDArray[np.int64]:
        """Indices of the misclassified images, the most confident mistake first."""
        wrong = np.flatnonzero(~self.right)
        confidence = self.probabilities[wrong, self.predicted[wrong]]
        return wrong[np.argsort(-confidence, kind="stable")]


def predict(model: Any, images: Any, labels: NDArray[np.int32], batch_size: int | None) -> Predictions:
    """Returns a model's predictions.

    Args:
        model: A Keras model that returns probabilities (images, classes).
        images: (images, height, width, channels), float32 from 0 to 1, or batches of them.
        labels: (images,), the true labels.
        batch_size: The number of images in a batch.
    """
    probabilities = np.asarray(model.predict(images, batch_size=batch_size, verbose=0), np.float32)
    return Predictions(probabilities, probabilities.argmax(axis=1).astype(np.int32), labels)


GROUP, SLICE = "group_", "slice_"  # before the names of what is known of the images


def _columns(groups: Groups | None) -> dict[str, Any]:
    if groups is None:
        return {}
    return {f"{GROUP}{groups.group.name}": groups.group.values,
            **{f"{SLICE}{column.name}": column.values for column in groups.slices}}  # fmt: skip


def _groups(arrays: Mapping[str, NDArray[Any]]) -> Groups | None:
    found = {prefix: [Column(name.removeprefix(prefix), arrays[name]) for name in arrays if name.startswith(prefix)]
             for prefix in (GROUP, SLICE)}  # fmt: skip
    return Groups(found[GROUP][0], tuple(found[SLICE])) if found[GROUP] else None


def write_predictions(file: Path, predictions: Predictions) -> None:
    """Writes a trial's predictions.npz."""
    with replaced(file) as beside:
        np.savez_compressed(
            beside,
            probabilities=predictions.probabilities,
            predicted=predictions.predicted,
            labels=predictions.labels,
            **_columns(predictions.groups),
        )


def read_predictions(file: Path) -> Predictions:
    """Returns the predictions that a trial has written.

    Raises:
        UserError: The file is missing or damaged.
    """
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            return Predictions(arrays["probabilities"], arrays["predicted"], arrays["labels"], _groups(arrays))
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(f"{file} can't be read: {error}") from None


@dataclass(frozen=True)
class HardImage:
    """An image that many networks misclassify.

    Attributes:
        image: Its index among the validation images.
        label: Its label.
        wrong: How many networks misclassify it.
        called: The class that most of these predict.
        possible_label_error: Whether all networks predict this same other class, so that the label may be wrong.
    """

    image: int
    label: int
    wrong: int
    called: int
    possible_label_error: bool


def find_hard_images(predicted: NDArray[np.int32], labels: NDArray[np.int32]) -> list[HardImage]:
    """Returns the images that at least half of the networks misclassify, the hardest first.

    Args:
        predicted: (networks, images), the predicted labels.
        labels: (images,), the true labels.
    """
    wrong = (predicted != labels).sum(axis=0)
    found = []
    for image in np.flatnonzero(2 * wrong >= len(predicted)):
        others = predicted[predicted[:, image] != labels[image], image]
        names, counts = np.unique(others, return_counts=True)
        called = int(names[counts.argmax()])
        same = int(counts.max()) == len(predicted)
        found.append(HardImage(int(image), int(labels[image]), int(wrong[image]), called, same))
    return sorted(found, key=lambda hard: (-hard.wrong, not hard.possible_label_error, hard.image))
