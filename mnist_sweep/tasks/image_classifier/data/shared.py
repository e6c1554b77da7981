"""A data set that is read and scaled once, in memory that all trials of this machine share."""

import contextlib
import dataclasses
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_sweep.config import DataConfig
from mnist_sweep.tasks.image_classifier.data.dataset import Dataset, load

ALIGNMENT = 4096  # bytes: a page


@contextlib.contextmanager
def shared(config: DataConfig, expected: dict[str, str]) -> Iterator[dict[str, Any] | None]:
    """Yields where a data set lies in memory, as plain data for `attach`; None where the system has no memfd.

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
    dataset = load(config, expected)
    arrays: dict[str, tuple[str, list[int], int]] = {}
    descriptor = os.memfd_create("mnist_sweep")
    with os.fdopen(descriptor, "wb") as file:
        for field in dataclasses.fields(Dataset):
            array: NDArray[Any] = np.ascontiguousarray(getattr(dataset, field.name))
            file.seek(-(-file.tell() // ALIGNMENT) * ALIGNMENT)
            arrays[field.name] = array.dtype.str, list(array.shape), file.tell()
            file.write(array.data.cast("B"))
        file.flush()
        del dataset, array
        yield {"file": f"/proc/{os.getpid()}/fd/{descriptor}", "arrays": arrays}


def attach(plain: Mapping[str, Any] | None) -> Dataset | None:
    """Returns the data set of `shared` without a copy; None where it is unavailable, such as on another machine."""
    if plain is None:
        return None
    try:
        maps = {
            # "c": what is written into it stays in this process.
            name: np.memmap(Path(plain["file"]), kind, "c", offset, tuple(shape))
            for name, (kind, shape, offset) in plain["arrays"].items()
        }
    except OSError:
        return None
    return Dataset(**maps)
