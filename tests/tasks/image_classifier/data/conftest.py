"""A small data set of three classes, ways to write it to disk, and configurations that point to it."""

import gzip
import struct
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnist_sweep.config import Component, DataConfig, Split

Arrays = dict[str, np.ndarray]
IDX_NAMES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}


@pytest.fixture(autouse=True)
def no_data_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MNIST_SWEEP_DATA", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))


@pytest.fixture
def arrays() -> Arrays:
    """60 images of 6x5 pixels to train, 12 to test; 30, 18 and 12 of the classes 0, 1 and 2."""
    random = np.random.default_rng(0)
    labels = random.permutation(np.repeat(np.arange(3, dtype=np.uint8), [30, 18, 12]))
    return {
        "x_train": random.integers(0, 256, (60, 6, 5), np.uint8),
        "y_train": labels,
        "x_test": random.integers(0, 256, (12, 6, 5), np.uint8),
        "y_test": np.arange(12, dtype=np.uint8) % 3,
    }


@pytest.fixture
def idx_bytes() -> Callable[[np.ndarray], bytes]:
    """An array in IDX form, written by hand after the format's description."""

    def content(array: np.ndarray) -> bytes:
        return struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()

    return content


@pytest.fixture
def write_idx(idx_bytes: Callable[[np.ndarray], bytes]) -> Callable[..., Path]:
    """Writes the four files into a folder, as .gz or not."""

    def write(folder: Path, arrays: Arrays, *, zipped: bool = True, dots: bool = False) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for key, name in IDX_NAMES.items():
            content = idx_bytes(arrays[key])
            file = name.replace("-idx", ".idx") if dots else name
            (folder / (f"{file}.gz" if zipped else file)).write_bytes(gzip.compress(content) if zipped else content)
        return folder

    return write


@pytest.fixture
def make_config() -> Callable[..., DataConfig]:
    """A configuration of an archive."""

    def make(path: Path | str | None = None, name: str = "file", **changes: Any) -> DataConfig:
        split = {"validation": "split", "validation_size": 15, "split_seed": 0}
        arguments: dict[str, Any] = {"digests": None, "urls": []}
        for key, value in changes.items():
            (split if key in split else arguments)[key] = value
        arguments["path"] = None if path is None else str(path)
        return DataConfig(Component("mnist_sweep.data.archive", arguments), Split(name=name, **split))

    return make


@pytest.fixture
def untouched() -> Callable[[Path], AbstractContextManager[None]]:
    """Asserts that a folder holds the same files, to the byte and the second, after the block."""

    def state(folder: Path) -> dict[Path, tuple[bytes, int]]:
        return {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in folder.rglob("*") if file.is_file()}

    @contextmanager
    def block(folder: Path) -> Iterator[None]:
        before = state(folder)
        yield
        assert state(folder) == before

    return block
