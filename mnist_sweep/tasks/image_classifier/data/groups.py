"""Which group each image is of, such as its writer, from a file beside the images; and further columns to slice by."""

import hashlib
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnist_sweep.config import UserError
from mnist_sweep.config.check import shown

IMAGES = ("x", "y", "images", "labels")  # columns of an .npz of images that are no groups


@dataclass(frozen=True)
class Column:
    """What is known of each image.

    Attributes:
        name: What it is called, such as `writers`.
        values: (images,), numbers or texts.
    """

    name: str
    values: NDArray[np.generic]

    def of(self, rows: NDArray[np.int64]) -> "Column":
        """Returns the column of some images."""
        return Column(self.name, self.values[rows])

    @property
    def numbers(self) -> NDArray[np.int64]:
        """The values as numbers from 0 without gaps, (images,)."""
        numbers: NDArray[np.int64] = np.unique(self.values, return_inverse=True)[1].astype(np.int64)
        return numbers

    @property
    def digest(self) -> str:
        """The SHA-256 of which images belong together and of what their groups are called."""
        return hashlib.sha256("\n".join(map(str, self.values.tolist())).encode()).hexdigest()


@dataclass(frozen=True)
class Groups:
    """What is known of the images of a part.

    Attributes:
        group: The column with the most different values: no group is split.
        slices: The others.
    """

    group: Column
    slices: tuple[Column, ...]


def _columns(file: Path, part: str) -> list[Column]:
    """Returns the columns of a part.

    These are the arrays named like `train_writers` or `writers_train` of an .npz; an .npy is of the train part.
    """
    with file.open("rb") as stream:
        loaded = np.load(stream, allow_pickle=False)
        named = (
            {"train_groups": loaded}
            if isinstance(loaded, np.ndarray)
            else {name: loaded[name] for name in loaded.files}
        )
    found = []
    for name, values in named.items():
        match = re.fullmatch(rf"{part}_(.+)|(.+)_{part}", name)
        if match and (called := match[1] or match[2]) not in IMAGES:
            found.append(Column(called, values))
    return found


def read_groups(path: str, part: str, images: int) -> Groups | None:
    """Returns what is known of the images of a part, None where the file has nothing of the test part.

    Args:
        path: The file, `data.groups`.
        part: `train` or `test`.
        images: How many there are.

    Raises:
        UserError: The file can't be read, has nothing of the train part or one group of the test part, or is of other
            images.
    """
    file = Path(path).expanduser()
    try:
        columns = _columns(file, part)
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise UserError(f"data.groups must be an .npz or .npy file, got {shown(path)}: {error}") from None
    if not columns:
        if part == "test":
            return None
        raise UserError(
            f"data.groups must have an array of the training images, such as train_groups, but {path} has none"
        )
    for column in columns:
        if column.values.shape != (images,) or column.values.dtype.kind not in "iubUS":
            raise UserError(
                f"data.groups: {column.name} of the {part} part must have a whole number or a text for each of "
                f"{images} images, got {column.values.dtype} {column.values.shape}"
            )
    ordered = sorted(columns, key=lambda column: -len(np.unique(column.values)))
    if part == "test" and images > 1 and ordered[0].numbers.max() == 0:
        raise UserError(
            f"data.groups: all {images} images of the test part are of one group ({ordered[0].name}), which says "
            "nothing of other groups: give finer ones, or leave the test part out"
        )
    return Groups(ordered[0], tuple(sorted(ordered[1:], key=lambda column: column.name)))
