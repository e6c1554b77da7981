import gc
import gzip
import hashlib
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mnist_sweep.config import UserError
from mnist_sweep.tasks.image_classifier.data.archives import idx_digest, is_archive, read


@pytest.fixture
def unclosed():
    """Collects what a refused archive leaves open before another test is blamed for it."""
    yield
    gc.collect()


# np.load does not close a file that it can't open as a zip: https://github.com/numpy/numpy, numpy/lib/_npyio_impl.py
left_open = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")


def test_npz_comes_back_as_it_was_saved(tmp_path, arrays):
    np.savez(tmp_path / "a.npz", **arrays)
    for part in ("train", "test"):
        images, labels = read(tmp_path / "a.npz", part)
        np.testing.assert_array_equal(images, arrays[f"x_{part}"])
        np.testing.assert_array_equal(labels, arrays[f"y_{part}"])


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("dots", [True, False])
def test_idx_files_come_back_as_they_were_written(tmp_path, arrays, write_idx, zipped, dots):
    folder = write_idx(tmp_path / "idx", arrays, zipped=zipped, dots=dots)
    assert is_archive(folder)
    for part in ("train", "test"):
        images, labels = read(folder, part)
        np.testing.assert_array_equal(images, arrays[f"x_{part}"])
        np.testing.assert_array_equal(labels, arrays[f"y_{part}"])


def test_a_folder_with_three_idx_files_is_no_archive(tmp_path, arrays, write_idx):
    write_idx(tmp_path, arrays)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
    assert not is_archive(tmp_path)


@pytest.mark.parametrize("shape", [(7,), (3, 4, 5), (2, 3, 4, 3)])
def test_the_digest_is_that_of_an_idx_file(idx_bytes, shape):
    array = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    assert idx_digest(array) == hashlib.sha256(idx_bytes(array)).hexdigest()
    assert idx_digest(np.asfortranarray(array)) == idx_digest(array)
    assert idx_digest(array.reshape(-1)) != idx_digest(array) or array.ndim == 1


def _cut(file: Path, length: float) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: int(length * len(content))])


@left_open
@pytest.mark.usefixtures("unclosed")
@pytest.mark.parametrize("length", [0, 0.01, 0.5, 0.95, 0.999])
def test_a_truncated_npz_is_one_line(tmp_path, arrays, untouched, length):
    file = tmp_path / "a.npz"
    np.savez_compressed(file, **arrays)
    _cut(file, length)
    with untouched(tmp_path), pytest.raises(UserError, match=r"^data: .*a\.npz can't be read: .*left alone$") as error:
        read(file, "train")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("length", [0, 0.01, 0.5, 0.95, 0.999])
@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("kind", ["images-idx3", "labels-idx1"])
def test_a_truncated_idx_file_is_one_line_that_names_it(tmp_path, arrays, write_idx, untouched, zipped, kind, length):
    folder = write_idx(tmp_path / "idx", arrays, zipped=zipped)
    (file,) = folder.glob(f"train-{kind}*")
    _cut(file, length)
    with untouched(tmp_path), pytest.raises(UserError, match=rf"^data: .*train-{kind}\S* can't be read: ") as error:
        read(folder, "train")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0\x08",
        b"\0\0\x0d\x01\0\0\0\x01abcd",  # floats
        b"\0\0\x08\x03\0\0\0\x01",  # a header that ends
        b"\0\0\x08\x01" + b"\xff" * 4 + b"abc",
        b"\0\0\x08\x02" + b"\xff" * 8 + b"a",  # more bytes than 64 bits count
        b"\0\0\x08\x64" + b"\0\0\0\x01" * 100 + b"a",  # a hundred dimensions
        b"<html>not found</html>",
    ],
)
def test_bytes_that_are_no_idx_file_are_one_line(tmp_path, arrays, write_idx, content):
    write_idx(tmp_path, arrays, zipped=False)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(content)
    with pytest.raises(UserError, match="train-images-idx3-ubyte can't be read"):
        read(tmp_path, "train")


def test_a_gz_with_a_wrong_checksum_is_one_line(tmp_path, arrays, write_idx, idx_bytes):
    write_idx(tmp_path, arrays)
    content = bytearray(gzip.compress(idx_bytes(arrays["x_train"])))
    content[-8] ^= 1
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(content)
    with pytest.raises(UserError, match="CRC"):
        read(tmp_path, "train")


def test_missing_arrays_are_named(tmp_path, arrays, untouched):
    del arrays["y_train"]
    np.savez(tmp_path / "a.npz", **arrays)
    with untouched(tmp_path), pytest.raises(UserError, match=r"it has no y_train \(it has x_train, x_test, y_test\)"):
        read(tmp_path / "a.npz", "train")


def test_pickled_arrays_are_never_loaded(tmp_path, arrays, untouched):
    trap = tmp_path / "trap"

    class Trap:
        def __reduce__(self):
            return Path.touch, (trap,)

    arrays["y_train"] = np.array([Trap()], dtype=object)
    np.savez(tmp_path / "a.npz", **arrays)
    with untouched(tmp_path), pytest.raises(UserError, match="allow_pickle=False"):
        read(tmp_path / "a.npz", "train")
    assert not trap.exists()


def test_a_single_npy_array_is_one_line(tmp_path, arrays):
    np.save(tmp_path / "a.npy", arrays["x_train"])
    with pytest.raises(UserError, match=r"a\.npy can't be read: it is not an \.npz file"):
        read(tmp_path / "a.npy", "train")


@left_open
@pytest.mark.usefixtures("unclosed")
@pytest.mark.parametrize("damage", ["method", "encrypted", "version", "huge"])
def test_damage_to_a_zip_header_is_one_line(tmp_path, arrays, damage):
    file = tmp_path / "a.npz"
    if damage == "huge":
        header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000000,), }"
        content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) + 1) + header + b"\n" + bytes(10)
        with zipfile.ZipFile(file, "w") as archive:
            for name in arrays:
                archive.writestr(f"{name}.npy", content)
    else:
        np.savez(file, **arrays)
        content = bytearray(file.read_bytes())
        entry = content.index(b"PK\x01\x02")
        offset, value = {"method": (10, 99), "encrypted": (8, 1), "version": (6, 99)}[damage]
        content[entry + offset] = value
        file.write_bytes(content)
    with pytest.raises(UserError, match=r"a\.npz can't be read"):
        read(file, "train")
