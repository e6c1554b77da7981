"""A data set that is read and scaled once, in memory that all trials of this machine share."""

import contextlib
import dataclasses
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from mnist_sweep.config import DataConfig
from mnist_sweep.tasks.image_classifier.data.dataset import Dataset, load, validated_groups
from mnist_sweep.tasks.image_classifier.data.groups import Column, Groups

ALIGNMENT = 4096  # bytes: a page
Place = tuple[str, list[int], int]  # of an array in the file: its data type, its shape, its first byte


@contextlib.contextmanager
def shared(config: DataConfig, expected: dict[str, str]) -> Iterator[dict[str, Any] | None]:
    """Yields where a data set lies in memory, as plain data for `attach`; None where the system has no memfd.

    What is known of the validation images (`data.groups`) lies beside them, for nodes that don't have its file.

    The memory is an anonymous file of this process and ends with it.

    Args:
        config: The data set.
        expected: The SHA-256 of images and labels, as in Description.digests.

    Raises:
        UserError: As `load`.
    """
    if not hasattr(os, "memfd_create"):
        yield None
        return
    dataset, groups = load(config, expected), validated_groups(config)
    columns = [] if groups is None else [groups.group, *groups.slices]
    descriptor = os.memfd_create("mnist_sweep")
    with os.fdopen(descriptor, "wb") as file:
        arrays = {one.name: _written(file, getattr(dataset, one.name)) for one in dataclasses.fields(Dataset)}
        known = {column.name: _written(file, column.values) for column in columns}
        file.flush()
        del dataset
        yield {"file": f"/proc/{os.getpid()}/fd/{descriptor}", "arrays": arrays, "groups": known}


def _written(file: BinaryIO, array: NDArray[Any]) -> Place:
    """Writes an array at the next page, and returns where it lies."""
    file.seek(-(-file.tell() // ALIGNMENT) * ALIGNMENT)
    place = array.dtype.str, list(array.shape), file.tell()
    file.write(np.ascontiguousarray(array).view(np.uint8).data)
    return place


def _mapped(plain: Mapping[str, Any], part: str) -> dict[str, NDArray[Any]]:
    """Returns the arrays of a part without a copy; what is written into them stays in this process ("c")."""
    return {
        name: np.memmap(Path(plain["file"]), kind, "c", offset, tuple(shape))
        for name, (kind, shape, offset) in plain[part].items()
    }


def attach(plain: Mapping[str, Any] | None) -> Dataset | None:
    """Returns the data set of `shared` without a copy; None where it is unavailable, such as on another machine."""
    if plain is None:
        return None
    try:
        return Dataset(**_mapped(plain, "arrays"))
    except OSError:
        return None


def attached_groups(plain: Mapping[str, Any]) -> Groups | None:
    """Returns what `shared` knows of the validation images, None where that is nothing; raises OSError."""
    columns = [Column(name, np.array(values)) for name, values in _mapped(plain, "groups").items()]
    return Groups(columns[0], tuple(columns[1:])) if columns else None
