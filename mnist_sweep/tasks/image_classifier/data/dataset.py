"""Loads a data set, checks and scales it, and splits off the validation images."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_sweep.config import DataConfig, UserError
from mnist_sweep.tasks.data import Description
from mnist_sweep.tasks.image_classifier.data.archives import idx_digest
from mnist_sweep.tasks.image_classifier.data.sources import find, is_found_by_name, source_of

Images = NDArray[np.float32]
Labels = NDArray[np.int32]


@dataclass(frozen=True)
class Dataset:
    """The images and labels to train and to validate with.

    Attributes:
        train_images, validation_images: (images, height, width, channels), float32 from 0 to 1.
        train_labels, validation_labels: (images,), int32 from 0.
    """

    train_images: Images
    train_labels: Labels
    validation_images: Images
    validation_labels: Labels


def _read(config: DataConfig, part: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Returns a part after checks; raises UserError for a wrong type, shape, number or label."""
    named = {"name": config.split.name} if is_found_by_name(config) else {}
    images, labels = source_of(config)(part, **config.source.arguments, **named)
    images, labels = np.asarray(images), np.asarray(labels)
    where = f"data={config.split.name}: the {part} part"
    if images.ndim == 3:
        images = images[..., np.newaxis]
    if images.dtype != np.uint8 or images.ndim != 4:
        raise UserError(f"{where} must have images of type uint8 and shape (images, height, width) or (images, height, "
                        f"width, channels), got {images.dtype} {images.shape}")  # fmt: skip
    if images.shape[3] not in (1, 3, 4):
        raise UserError(f"{where} must have images of 1, 3 or 4 channels, got {images.shape[3]}")
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise UserError(f"{where} must have labels that are integers, got {labels.dtype} {labels.shape}")
    if len(images) != len(labels) or 0 in images.shape:
        raise UserError(f"{where} must have as many labels as images, and some, got {len(labels)} and {images.shape}")
    if labels.min() < 0 or labels.max() > 255:
        raise UserError(f"{where} must have labels from 0 to 255, got {labels.min()} to {labels.max()}")
    return images, labels.astype(np.uint8)


def _digests(part: str, images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> dict[str, str]:
    flat = images[..., 0] if images.shape[-1] == 1 else images
    return {f"{part}_images": idx_digest(flat), f"{part}_labels": idx_digest(labels)}


def _check_digests(config: DataConfig, digests: dict[str, str], expected: dict[str, str] | None) -> None:
    for name, digest in digests.items():
        if expected and expected[name] != digest:
            raise UserError(
                f"data={config.split.name}: the {name.replace('_', ' ')} are not the right ones: their SHA-256 must be "
                f"{expected[name][:16]}..., got {digest[:16]}...; use data=file data.path=... for images of your own"
            )


def _split(config: DataConfig, labels: NDArray[np.uint8]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Returns indices to train and to validate with, in the file's order: stratified and seeded, or the last ones."""
    from sklearn.model_selection import train_test_split

    size, classes = config.split.validation_size, int(labels.max()) + 1
    if not classes <= size <= len(labels) - classes:
        raise UserError(
            f"data.validation_size must be from {classes} to {len(labels) - classes} (one image of each class on both "
            f"sides of {len(labels)} training images), got {size}"
        )
    if config.split.split_seed is None:
        return np.arange(len(labels) - size), np.arange(len(labels) - size, len(labels))
    train, validation = train_test_split(
        np.arange(len(labels)), test_size=size, stratify=labels, random_state=config.split.split_seed
    )
    return np.sort(train), np.sort(validation)


def _scaled(images: NDArray[np.uint8]) -> Images:
    return images.astype(np.float32) / np.float32(255)


def _check_classes(config: DataConfig, labels: NDArray[np.uint8]) -> int:
    counts = np.bincount(labels)
    if len(counts) < 2 or counts.min() < 2:
        rare = int(counts.argmin())
        raise UserError(
            f"data={config.split.name}: the train part must have two classes or more with two images or more each, "
            f"but class {rare} has {counts[rare]}"
        )
    return len(counts)


def load(config: DataConfig, expected: dict[str, str] | None = None) -> Dataset:
    """Returns the images of a trial; the test part is not read unless `data.validation` is `test`.

    Args:
        config: The data set.
        expected: The SHA-256 of images and labels, as in Description.digests; None for any.

    Raises:
        UserError: The images can't be read, are invalid, or have other digests.
    """
    images, labels = _read(config, "train")
    _check_digests(config, _digests("train", images, labels), expected)
    if config.split.validation == "test":
        test_images, test_labels = _read(config, "test")
        _check_digests(config, _digests("test", test_images, test_labels), expected)
        return Dataset(_scaled(images), labels.astype(np.int32), _scaled(test_images), test_labels.astype(np.int32))
    train, validation = _split(config, labels)
    return Dataset(
        _scaled(images[train]),
        labels[train].astype(np.int32),
        _scaled(images[validation]),
        labels[validation].astype(np.int32),
    )


def validation_images(config: DataConfig, expected: dict[str, str]) -> Images:
    """Returns the validation images alone, as `load` does; (images, height, width, channels), float32 from 0 to 1."""
    part = "test" if config.split.validation == "test" else "train"
    images, labels = _read(config, part)
    _check_digests(config, _digests(part, images, labels), expected)
    return _scaled(images if part == "test" else images[_split(config, labels)[1]])


def describe(config: DataConfig, all_parts: bool = False) -> Description:
    """Reads a data set and returns what it is.

    Args:
        config: The data set.
        all_parts: Whether the test part is read also where `data.validation` is not `test`; otherwise the digest is of
            the train part alone.

    Raises:
        UserError: The data set can't be read or is invalid.
    """
    images, labels = _read(config, "train")
    digests = _digests("train", images, labels)
    _check_digests(config, digests, config.source.arguments.get("digests"))
    classes = _check_classes(config, labels)
    train, validation = len(labels), 0
    if all_parts or config.split.validation == "test":
        test_images, test_labels = _read(config, "test")
        more = _digests("test", test_images, test_labels)
        _check_digests(config, more, config.source.arguments.get("digests"))
        if test_images.shape[1:] != images.shape[1:] or test_labels.max() >= classes:
            raise UserError(
                f"data={config.split.name}: the test part must have the shape and classes of the train part, got "
                f"{test_images.shape[1:]} and {images.shape[1:]}, labels up to {test_labels.max()} and {classes - 1}"
            )
        digests |= more
        validation = len(test_labels)
    if config.split.validation == "split":
        train, validation = (len(part) for part in _split(config, labels))
    of_all = hashlib.sha256("".join(digests[name] for name in sorted(digests)).encode()).hexdigest()
    height, width, channels = images.shape[1:]
    return Description(config.split.name, (height, width, channels), classes, train, validation, digests, of_all)


def location(config: DataConfig) -> Path | None:
    """Returns the file or folder of a data set, None for one that has neither."""
    if not is_found_by_name(config):
        return None
    return find(config.split.name, config.source.arguments["path"])
