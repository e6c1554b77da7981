"""The functions that a data set's `_target_` names.

Each takes the part that is wanted, `train` or `test`, and the arguments of its YAML file. It returns the images (uint8,
(images, height, width) or with channels last) and their labels (integers from 0). The test part is read only on
request; a trial of a search never makes one.
"""

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
