"""The functions that a data set's `_target_` names.

Each takes the part that is wanted, `train` or `test`, and the arguments of its YAML file, and gives the images (uint8,
(images, height, width) or with channels last) and their labels (whole numbers from 0). The test part is read only when
it is asked for: a trial of a search never does.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_sweep.config import Unavailable, UserError
from mnist_sweep.config.check import shown
from mnist_sweep.tasks.image_classifier.data.archives import is_archive, read

Part = tuple[NDArray[Any], NDArray[Any]]


def keras_cache() -> Path:
    """The folder in which Keras keeps data sets."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "datasets"


def _below(folder: Path, name: str) -> list[Path]:
    """Where a data set may lie in a folder: as an .npz of its name, or as IDX files in a folder of its name."""
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
    """The file or folder of a data set: `path`, then $MNIST_SWEEP_DATA, then the Keras cache.

    Raises UserError for a path that is not there, and Unavailable where nothing is found.
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


def archive(
    part: str, *, name: str, path: str | None, digests: dict[str, str] | None = None, urls: list[str] | None = None
) -> Part:
    """Images of an .npz or of IDX files; raises UserError where they can't be read."""
    del digests, urls  # of the whole, not of a part
    return read(find(name, path), part)


def digits(part: str, *, name: str = "digits") -> Part:
    """scikit-learn's 1,797 digits, 8x8 enlarged to 28x28 by bilinear interpolation; a fixed fifth is the test part."""
    del name
    from PIL import Image
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    small = (images.reshape(-1, 8, 8) * (255 / 16)).round().astype(np.uint8)
    large = np.stack([np.asarray(Image.fromarray(i).resize((28, 28), Image.Resampling.BILINEAR)) for i in small])
    train, test = train_test_split(np.arange(len(labels)), test_size=360, stratify=labels, random_state=0)
    chosen = np.sort(train if part == "train" else test)
    return large[chosen], labels[chosen].astype(np.uint8)
