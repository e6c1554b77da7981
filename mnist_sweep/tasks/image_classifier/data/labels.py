"""Labels of every kind, numbers from anywhere or texts, as classes from 0."""

import hashlib
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_sweep.config import UserError
from mnist_sweep.config.check import shown
from mnist_sweep.tasks.image_classifier.data.archives import idx_digest

MOST = 10_000  # classes


def flat(labels: NDArray[Any], where: str) -> NDArray[Any]:
    """Returns labels of shape (images,), also of (images, 1).

    Args:
        labels: As they were read.
        where: The data set and its part, for messages.

    Raises:
        UserError: They are neither whole numbers nor texts, or have another shape.
    """
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or not (np.issubdtype(labels.dtype, np.integer) or labels.dtype.kind in "bUS"):
        raise UserError(
            f"{where} must have labels that are integers or texts, of shape (images,) or (images, 1), got "
            f"{labels.dtype} {labels.shape}"
        )
    return labels.astype(str) if labels.dtype.kind in "US" else labels.astype(np.int64)


def class_names(labels: NDArray[Any], where: str) -> list[str]:
    """Returns what the classes are called, in their order; empty where the labels are numbers from 0 without a gap.

    Args:
        labels: The training labels, of shape (images,).
        where: The data set and its part, for messages.

    Raises:
        UserError: There are more than MOST of them.
    """
    found = np.unique(labels)
    if len(found) > MOST:
        raise UserError(f"{where} must have at most {MOST:,} classes, got {len(found):,} different labels")
    if labels.dtype.kind == "i" and np.array_equal(found, np.arange(len(found))):
        return []
    return [str(name) for name in found]


def as_classes(labels: NDArray[Any], names: list[str], where: str) -> NDArray[np.int32]:
    """Returns labels as classes from 0.

    Args:
        labels: Of shape (images,).
        names: What the classes are called, as `class_names` returns them.
        where: The data set and its part, for messages.

    Raises:
        UserError: A label is none of the classes.
    """
    if not names:  # whole numbers from 0
        if labels.dtype.kind != "i" or labels.min(initial=0) < 0:
            wrong = labels[0] if labels.dtype.kind != "i" else labels.min()
            raise UserError(f"{where} has the label {shown(wrong.item())}, but the train part has whole numbers from 0")
        return labels.astype(np.int32)
    numbers = {name: number for number, name in enumerate(names)}
    unknown = [label for label in np.unique(labels).astype(str) if label not in numbers]
    if unknown:
        raise UserError(f"{where} has the label {shown(unknown[0])}, which the train part does not have")
    return np.array([numbers[label] for label in labels.astype(str)], np.int32)


def labels_digest(classes: NDArray[np.int32], names: list[str]) -> str:
    """Returns the SHA-256 of labels in IDX form, of bytes where they fit; together with the classes' names, if any."""
    digest = idx_digest(classes.astype(np.uint8) if classes.max(initial=0) < 256 else classes)
    return hashlib.sha256(json.dumps([digest, names]).encode()).hexdigest() if names else digest
