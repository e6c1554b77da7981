"""Loads a data set, checks and scales it, and splits off the validation images."""

import hashlib
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_sweep.config import DataConfig, UserError
from mnist_sweep.tasks.data import Description
from mnist_sweep.tasks.image_classifier.data.archives import idx_digest
from mnist_sweep.tasks.image_classifier.data.groups import Groups, read_groups
from mnist_sweep.tasks.image_classifier.data.labels import as_classes, class_names, flat, labels_digest
from mnist_sweep.tasks.image_classifier.data.sources import find, is_found_by_name, source_of

Images = NDArray[np.float32]
Labels = NDArray[np.int32]


@dataclass(frozen=True)
class Dataset:
    """The images and labels to train and to validate with.

    Attributes:
        train_images, validation_images: (images, height, width, channels), float32; of bytes from 0 to 1.
        train_labels, validation_labels: (images,), int32 from 0.
    """

    train_images: Images
    train_labels: Labels
    validation_images: Images
    validation_labels: Labels


@dataclass(frozen=True)
class _Part:
    """A part of a data set after checks; `classes` are its labels from 0, `names` what they are called."""

    images: NDArray[Any]
    classes: Labels
    names: list[str]

    def digests(self, part: str) -> dict[str, str]:
        """The SHA-256 of images and labels."""
        flat = self.images[..., 0] if self.images.shape[-1] == 1 else self.images
        return {f"{part}_images": idx_digest(flat), f"{part}_labels": labels_digest(self.classes, self.names)}


def _where(config: DataConfig, part: str) -> str:
    return f"data={config.split.name}: the {part} part"


def _read(config: DataConfig, part: str, train: _Part | None = None) -> _Part:
    """Returns a part after checks.

    Args:
        config: The data set.
        part: `train` or `test`.
        train: The train part, which says what the classes of the test part are; None for the train part itself.

    Raises:
        UserError: A wrong type, shape, number or label.
    """
    named = {"name": config.split.name} if is_found_by_name(config) else {}
    images, labels = source_of(config)(part, **config.source.arguments, **named)
    images, labels = np.asarray(images), np.asarray(labels)
    where = _where(config, part)
    if images.ndim == 3:
        images = images[..., np.newaxis]
    if images.ndim != 4 or not (images.dtype == np.uint8 or np.issubdtype(images.dtype, np.floating)):
        raise UserError(f"{where} must have images of type uint8 (0 to 255) or float, and of shape (images, height, "
                        f"width) or (images, height, width, channels), got {images.dtype} {images.shape}")  # fmt: skip
    if images.dtype not in (np.uint8, np.float64):
        images = images.astype(np.float32)
    if train is not None and images.dtype != train.images.dtype:
        raise UserError(f"{where} must have images of type {train.images.dtype}, as the train part, got {images.dtype}")
    if images.dtype != np.uint8 and not np.isfinite(images).all():
        raise UserError(f"{where} must have images of finite numbers, got NaN or infinity")
    labels = flat(labels, where)
    if len(images) != len(labels) or 0 in images.shape:
        raise UserError(f"{where} must have as many labels as images, and some, got {len(labels)} and {images.shape}")
    names = class_names(labels, where) if train is None else train.names
    return _Part(images, as_classes(labels, names, where), names)


def _check_digests(config: DataConfig, digests: dict[str, str], expected: dict[str, str] | None) -> None:
    for name, digest in digests.items():
        if expected and expected[name] != digest:
            raise UserError(
                f"data={config.split.name}: the {name.replace('_', ' ')} are not the right ones: their SHA-256 must be "
                f"{expected[name][:16]}..., got {digest[:16]}...; use data=file data.path=... for images of your own"
            )


def groups_of(config: DataConfig, part: str, images: int) -> Groups | None:
    """Returns what is known of the images of a part, None where nothing is; raises UserError."""
    return None if config.split.groups is None else read_groups(config.split.groups, part, images)


def _by_groups(config: DataConfig, labels: Labels) -> tuple[NDArray[Any], NDArray[Any]]:
    """Returns indices to train and to validate with, no group on both sides, about as many as asked for."""
    from sklearn.model_selection import StratifiedGroupKFold

    groups = groups_of(config, "train", len(labels))
    assert groups is not None  # the configuration was checked
    numbers = groups.group.numbers
    folds = config.split.folds or max(2, round(len(labels) / config.split.validation_size))
    if numbers.max() + 1 < folds:
        share = "a fold" if config.split.folds else config.split.validation_size
        raise UserError(
            f"data.groups must have {folds} groups or more to validate with {share} of {len(labels)} images, got "
            f"{numbers.max() + 1} {groups.group.name}"
        )
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=config.split.split_seed)
    train, validation = next(islice(splitter.split(labels, labels, numbers), config.split.fold, None))
    for side in (train, validation):
        if len(missing := np.setdiff1d(labels, labels[side])):
            raise UserError(
                f"data.split=grouped leaves no image of class {missing[0]} on one side: give another split_seed"
            )
    return train, validation


def _fold(config: DataConfig, labels: Labels) -> tuple[NDArray[Any], NDArray[Any]]:
    """Returns indices to train and to validate with: every image is in one fold, and every fold has every class."""
    from sklearn.model_selection import StratifiedKFold

    folds, rarest = config.split.folds or 0, int(np.bincount(labels).min())
    if rarest < folds:
        raise UserError(f"data.folds must be at most {rarest}, the number of images of the rarest class, got {folds}")
    splitter = StratifiedKFold(folds, shuffle=True, random_state=config.split.split_seed)
    train, validation = next(islice(splitter.split(labels, labels), config.split.fold, None))
    return train, validation


def _split(config: DataConfig, labels: Labels) -> tuple[NDArray[Any], NDArray[Any]]:
    """Returns indices to train and to validate with, in the file's order.

    Stratified and seeded, or the last ones, or by groups, or one of several folds.
    """
    from sklearn.model_selection import train_test_split

    if config.split.validation == "kfold":
        return _by_groups(config, labels) if config.split.split == "grouped" else _fold(config, labels)
    size, classes = config.split.validation_size, int(labels.max()) + 1
    if not classes <= size <= len(labels) - classes:
        raise UserError(
            f"data.validation_size must be from {classes} to {len(labels) - classes} (one image of each class on both "
            f"sides of {len(labels)} training images), got {size}"
        )
    if config.split.split == "grouped":
        return _by_groups(config, labels)
    if config.split.split_seed is None:
        train, validation = np.arange(len(labels) - size), np.arange(len(labels) - size, len(labels))
        if len(missing := np.setdiff1d(labels, labels[train])):
            raise UserError(
                f"data.split_seed=null leaves no image of class {missing[0]} to train on: give a number, for a "
                "stratified draw"
            )
        return train, validation
    train, validation = train_test_split(
        np.arange(len(labels)), test_size=size, stratify=labels, random_state=config.split.split_seed
    )
    return np.sort(train), np.sort(validation)


def _scaled(images: NDArray[Any]) -> Images:
    """Bytes from 0 to 1; other numbers as they are."""
    return images.astype(np.float32) / np.float32(255) if images.dtype == np.uint8 else images.astype(np.float32)


def _check_classes(config: DataConfig, train: _Part) -> int:
    counts = np.bincount(train.classes)
    if len(counts) < 2 or counts.min() < 2:
        rare = int(counts.argmin())
        raise UserError(
            f"{_where(config, 'train')} must have two classes or more with two images or more each, "
            f"but class {train.names[rare] if train.names else rare} has {counts[rare]}"
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
    train = _read(config, "train")
    _check_digests(config, train.digests("train"), expected)
    if config.split.validation == "test":
        test = _read(config, "test", train)
        _check_digests(config, test.digests("test"), expected)
        return Dataset(_scaled(train.images), train.classes, _scaled(test.images), test.classes)
    rows, validation = _split(config, train.classes)
    return Dataset(
        _scaled(train.images[rows]),
        train.classes[rows],
        _scaled(train.images[validation]),
        train.classes[validation],
    )


def validation_images(config: DataConfig, expected: dict[str, str]) -> Images:
    """Returns the validation images alone, as `load` does; (images, height, width, channels), float32 from 0 to 1."""
    train = _read(config, "train")
    if config.split.validation == "test":
        test = _read(config, "test", train)
        _check_digests(config, test.digests("test"), expected)
        return _scaled(test.images)
    _check_digests(config, train.digests("train"), expected)
    return _scaled(train.images[_split(config, train.classes)[1]])


def describe(config: DataConfig, all_parts: bool = False) -> Description:
    """Reads a data set and returns what it is.

    Args:
        config: The data set.
        all_parts: Whether the test part is read also where `data.validation` is not `test`; otherwise the digest is of
            the train part alone.

    Raises:
        UserError: The data set can't be read or is invalid.
    """
    part = _read(config, "train")
    digests = part.digests("train")
    _check_digests(config, digests, config.source.arguments.get("digests"))
    groups = groups_of(config, "train", len(part.classes))
    classes = _check_classes(config, part)
    train, validation = len(part.classes), 0
    if all_parts or config.split.validation == "test":
        test = _read(config, "test", part)
        more = test.digests("test")
        _check_digests(config, more, config.source.arguments.get("digests"))
        if test.images.shape[1:] != part.images.shape[1:] or test.classes.max() >= classes:
            shapes = f"{test.images.shape[1:]} and {part.images.shape[1:]}"
            largest = f"labels up to {test.classes.max()} and {classes - 1}"
            raise UserError(
                f"{_where(config, 'test')} must have the shape and classes of the train part, got {shapes}, {largest}"
            )
        groups_of(config, "test", len(test.classes))  # what does not fit is said before anything is trained
        digests |= more
        validation = len(test.classes)
    if groups and config.split.split == "grouped":
        digests["train_groups"] = groups.group.digest
    if config.split.validation != "test":
        train, validation = (len(rows) for rows in _split(config, part.classes))
    of_all = hashlib.sha256("".join(digests[name] for name in sorted(digests)).encode()).hexdigest()
    height, width, channels = part.images.shape[1:]
    image = (height, width, channels)
    return Description(config.split.name, image, classes, train, validation, digests, of_all, part.names)


def location(config: DataConfig) -> Path | None:
    """Returns the file or folder of a data set, None for one that has neither."""
    if not is_found_by_name(config):
        return None
    return find(config.split.name, config.source.arguments["path"])


def validated_groups(config: DataConfig) -> Groups | None:
    """Returns what is known of the validation images, None where nothing is; raises UserError."""
    if config.split.groups is None:
        return None
    train = _read(config, "train")
    if config.split.validation == "test":
        return groups_of(config, "test", len(_read(config, "test", train).classes))
    known = groups_of(config, "train", len(train.classes))
    assert known is not None
    rows = _split(config, train.classes)[1]
    return Groups(known.group.of(rows), tuple(column.of(rows) for column in known.slices))
