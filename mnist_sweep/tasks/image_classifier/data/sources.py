"""The functions that a data set's `_target_` names.

Each takes the part that is wanted, `train` or `test`, and the arguments of its YAML file. It returns the images (uint8
or float, (images, height, width) or with channels last) and their labels (whole numbers or texts). The test part is
read only on request; a trial of a search never makes one.
"""

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mnist_sweep.config import DataConfig, Unavailable, UserError
from mnist_sweep.config.check import shown
from mnist_sweep.config.targets import resolve
from mnist_sweep.tasks.image_classifier.data.archives import is_archive, read

Part = tuple[NDArray[Any], NDArray[Any]]
Source = Callable[..., Part]
_AnySource = TypeVar("_AnySource", bound=Source)
BY_NAME = "is_found_by_name"  # the attribute that marks a source


def found_by_name(source: _AnySource) -> _AnySource:
    """Returns the source, marked as one that finds its files by the data set's name, which it receives as `name`."""
    setattr(source, BY_NAME, True)
    return source


def source_of(config: DataConfig) -> Source:
    """Returns the function that reads a data set.

    Raises:
        UserError: The configuration's target can't be imported.
    """
    source: Source = resolve(config.source.target, "data._target_")
    return source


def is_found_by_name(config: DataConfig) -> bool:
    """Returns whether a data set is files that `find` looks for.

    Raises:
        UserError: The configuration's target can't be imported.
    """
    return bool(getattr(source_of(config), BY_NAME, False))


def keras_cache() -> Path:
    """Returns the folder in which Keras caches data sets."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "datasets"


def _below(folder: Path, name: str) -> list[Path]:
    """Returns where a data set may lie in a folder: an .npz of its name, or a folder of its name with IDX files."""
    return [folder / f"{name}.npz", folder / name, folder / name.replace("_", "-")]


def _existing(path: str, key: str) -> Path:
    try:
        place = Path(path).expanduser()
        if place.exists():
            return place
    except (OSError, RuntimeError, ValueError):  # a name too long, a user who is not there, a null byte
        pass
    raise UserError(f"{key} must be a file or folder that exists, got {shown(path)}")


def find(name: str, path: str | None) -> Path:
    """Returns the file or folder of a data set: in `path`, else in $MNIST_SWEEP_DATA, else in the Keras cache.

    Args:
        name: The data set's name.
        path: The file, or a folder that holds it; None to look in the other places.

    Raises:
        UserError: The path or $MNIST_SWEEP_DATA does not exist, or the path does not hold the data set.
        Unavailable: The data set is in none of the other places.
    """
    if path is not None:
        given = _existing(path, "data.path")
        places = [given, *_below(given, name)] if given.is_dir() else [given]
        if found := [place for place in places if place.is_file() or is_archive(place)]:
            return found[0]
        raise UserError(f"data.path must hold {name}.npz or the four IDX files, but there are none in {path}")
    looked = []
    places = []
    if variable := os.environ.get("MNIST_SWEEP_DATA"):
        folder = _existing(variable, "MNIST_SWEEP_DATA")
        places += [*_below(folder, name), *([folder] if name in ("mnist", folder.stem) else [])]
        looked.append(f"$MNIST_SWEEP_DATA ({variable})")
    places += _below(keras_cache(), name)
    looked.append(f"the Keras cache ({keras_cache()})")
    for place in places:
        if place.is_file() or is_archive(place):
            return place
    raise Unavailable(f"{name} was not found in {' or '.join(looked)}")


@found_by_name
def archive(
    part: str, *, name: str, path: str | None, digests: dict[str, str] | None = None, urls: list[str] | None = None
) -> Part:
    """Returns images and labels of an .npz or of IDX files.

    Args:
        part: `train` or `test`.
        name: The data set's name, by which its files are found.
        path: The file, or a folder that holds it; None for the default places.
        digests: The SHA-256 of images and labels of both parts, for the caller.
        urls: Where the files can be downloaded, for the caller.

    Raises:
        UserError: The files are missing or can't be read.
    """
    del digests, urls  # used by `describe` and `prepare`
    return read(find(name, path), part)


PICTURES = [".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"]


def _check_picture(picture: Any) -> None:
    """Raises ValueError for a picture of which Pillow would make another one without a word."""
    if picture.mode.startswith("I") or picture.mode == "F":
        raise ValueError("it has more than 8 bits a channel; save it with 8")
    may_be_clear = "A" in picture.getbands() or "transparency" in picture.info
    if may_be_clear and picture.convert("RGBA").getchannel("A").getextrema()[0] < 255:
        raise ValueError("it has transparent pixels; put it on a background")


def folder(part: str, *, path: str, size: list[int], color: str) -> Part:
    """Returns pictures in class folders, `path/train/CLASS/*.png` and `path/test/CLASS/*.png`, as sklearn finds them.

    Args:
        part: `train` or `test`.
        path: The folder of both parts.
        size: Height and width to which every picture is resized.
        color: `grayscale` or `rgb`.

    Raises:
        UserError: There is no such folder, or a picture can't be read.
    """
    from PIL import Image
    from sklearn.datasets import load_files

    place = _existing(str(Path(path) / part), "data.path")
    endings = {file.suffix for file in place.glob("*/*") if file.suffix.lower() in PICTURES}  # .JPG, too
    found = load_files(place, load_content=False, shuffle=False, allowed_extensions=sorted(endings) or PICTURES)
    if not len(found.filenames):
        raise UserError(f"data.path must have pictures in {place}/CLASS/, ending with {', '.join(PICTURES)}")
    filled = {found.target_names[number] for number in found.target}
    for name in found.target_names:
        if part == "train" and name not in filled and not name.startswith("."):
            raise UserError(f"data.path must have a picture of each class, but none is in {place / name}")
    images = np.empty((len(found.filenames), *size, 1 if color == "grayscale" else 3), np.uint8)
    for image, file in zip(images, found.filenames, strict=True):
        try:
            with Image.open(file) as picture:
                _check_picture(picture)
                pixels = np.asarray(picture.convert("L" if color == "grayscale" else "RGB").resize((size[1], size[0])))
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            raise UserError(f"data: {file} can't be read: {error}") from None
        image[:] = pixels.reshape(image.shape)
    return images, np.array(found.target_names)[found.target]


def csv(part: str, *, path: str, test_path: str | None, label: str, image: list[int]) -> Part:
    """Returns images from a table with a row for each: its label, and its pixels in the other columns, row by row.

    Args:
        part: `train` or `test`.
        path: The CSV file of the train part.
        test_path: The CSV file of the test part, None where there is none.
        label: The column of the labels.
        image: Height and width of an image, or height, width and channels.

    Raises:
        UserError: A file can't be read, or has other columns.
    """
    import pandas as pd

    key, named = ("data.path", path) if part == "train" else ("data.test_path", test_path)
    if named is None:
        raise UserError("data.test_path is null: there is no test part")
    file = _existing(named, key)
    try:
        table = pd.read_csv(file, keep_default_na=False)  # NA may be a label
    except (OSError, ValueError) as error:
        raise UserError(f"data: {file} can't be read: {error}") from None
    if label not in table:
        raise UserError(f"data.label must be a column of {file}, got {shown(label)}")
    labels = table.pop(label)
    if len(empty := np.flatnonzero(labels.astype(str) == "")):
        raise UserError(f"data: {file} must have a label in each row, but row {empty[0] + 1} has none")
    if table.shape[1] != math.prod(image):
        raise UserError(
            f"data.image must have as many pixels as {file} has columns beside {label}, {table.shape[1]}, got "
            f"{'x'.join(map(str, image))}"
        )
    pixels = table.to_numpy()
    if not np.issubdtype(pixels.dtype, np.number):
        raise UserError(f"data: {file} must have numbers in all columns but {label}")
    if np.issubdtype(pixels.dtype, np.integer) and pixels.min() >= 0 and pixels.max() <= 255:
        pixels = pixels.astype(np.uint8)
    is_number = labels.dtype.kind in "iub"
    found = labels.to_numpy() if is_number else np.array(labels.astype(str).tolist())
    return pixels.astype(pixels.dtype if pixels.dtype == np.uint8 else np.float32).reshape(-1, *image), found


def digits(part: str) -> Part:
    """Returns a part of scikit-learn's 1,797 digits, enlarged from 8x8 to 28x28; a fixed fifth is the test part."""
    from PIL import Image
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    small = (images.reshape(-1, 8, 8) * (255 / 16)).round().astype(np.uint8)
    large = np.stack([np.asarray(Image.fromarray(i).resize((28, 28), Image.Resampling.BILINEAR)) for i in small])
    train, test = train_test_split(np.arange(len(labels)), test_size=360, stratify=labels, random_state=0)
    chosen = np.sort(train if part == "train" else test)
    return large[chosen], labels[chosen].astype(np.uint8)
