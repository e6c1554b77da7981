"""Reads images from .npz and IDX files (http://yann.lecun.com/exdb/mnist), and computes their digests."""

import gzip
import hashlib
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_sweep.config import UserError

IDX_NAMES = {
    ("train", "images"): "train-images-idx3-ubyte",
    ("train", "labels"): "train-labels-idx1-ubyte",
    ("test", "images"): "t10k-images-idx3-ubyte",
    ("test", "labels"): "t10k-labels-idx1-ubyte",
}


def _idx_file(folder: Path, part: str, kind: str) -> Path | None:
    name = IDX_NAMES[part, kind]
    for candidate in (name, f"{name}.gz", name.replace("-idx", ".idx"), f"{name.replace('-idx', '.idx')}.gz"):
        if (folder / candidate).is_file():
            return folder / candidate
    return None


def is_archive(place: Path) -> bool:
    """Returns whether a folder holds all four IDX files."""
    return place.is_dir() and all(_idx_file(place, part, kind) for part, kind in IDX_NAMES)


def _read_idx(file: Path) -> NDArray[Any]:
    content = file.read_bytes()
    if file.suffix == ".gz":
        content = gzip.decompress(content)
    if len(content) < 4 or content[:3] != b"\0\0\x08":
        raise ValueError("it does not begin as an IDX file of bytes")
    dimensions = content[3]
    start = 4 + 4 * dimensions
    shape = struct.unpack(f">{dimensions}I", content[4:start])
    if len(content) - start != int(np.prod(shape, dtype=np.int64)):
        raise ValueError(f"it should hold {shape} bytes after its header, but has {len(content) - start}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _read_npz(file: Path, names: tuple[str, str]) -> tuple[NDArray[Any], NDArray[Any]]:
    if not zipfile.is_zipfile(file):
        raise ValueError("it is not an .npz file, or an incomplete one")
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
        if absent := [name for name in names if name not in arrays]:
            raise ValueError(f"it has no {absent[0]} (it has {', '.join(arrays.files) or 'nothing'})")
        return arrays[names[0]], arrays[names[1]]


# What the readers raise for a damaged archive: a header may name another compression, a password, or a huge array.
DAMAGED = (OSError, ValueError, EOFError, KeyError, TypeError, MemoryError, OverflowError, RuntimeError, struct.error,
           zipfile.BadZipFile, zlib.error)  # fmt: skip


def read(place: Path, part: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Returns images and labels of a part, as they are in the file.

    Args:
        place: An .npz file, or a folder of IDX files.
        part: `train` or `test`.

    Raises:
        UserError: A file is missing or damaged.
    """
    file = place
    try:
        if place.is_dir():
            arrays = []
            for kind in ("images", "labels"):
                file = _idx_file(place, part, kind) or place / IDX_NAMES[part, kind]
                arrays.append(_read_idx(file))
            return arrays[0], arrays[1]
        return _read_npz(place, (f"x_{part}", f"y_{part}"))
    except DAMAGED as error:
        reason = str(error) or type(error).__name__
        raise UserError(f"data: {file} can't be read: {reason}; the file was left alone") from None


IDX_TYPES = {"uint8": 0x08, "int32": 0x0C, "float32": 0x0D, "float64": 0x0E}


def idx_digest(array: NDArray[Any]) -> str:
    """Returns the SHA-256 of an array in IDX form, header included: the same for every file format.

    Args:
        array: Of one of IDX_TYPES.
    """
    kind = IDX_TYPES[array.dtype.name]
    header = bytes([0, 0, kind, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    digest = hashlib.sha256(header)
    digest.update(np.ascontiguousarray(array, dtype=array.dtype.newbyteorder(">")).data)
    return digest.hexdigest()
