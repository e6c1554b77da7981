"""Groups of images from a file: which column is the group, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

from mnist_sweep.config import UserError
from mnist_sweep.tasks.image_classifier.data.groups import Column, read_groups


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Six training and two test images by three writers, in two series."""
    file = tmp_path / "writers.npz"
    np.savez(file, train_series=[0, 0, 0, 4, 4, 4], train_writers=[7, 7, 3, 9, 9, 3], writers_test=[1, 2], x_train=[0])
    return file


def test_the_group_is_what_has_the_most_different_values(file: Path) -> None:
    found = read_groups(str(file), "train", 6)
    assert found.group.name == "writers"
    assert found.group.numbers.tolist() == [1, 1, 0, 2, 2, 0]
    assert [column.name for column in found.slices] == ["series"]
    assert read_groups(str(file), "test", 2).group.values.tolist() == [1, 2]


def test_an_array_alone_is_of_the_train_part(tmp_path: Path) -> None:
    file = tmp_path / "groups.npy"
    np.save(file, np.array(["ann", "bob", "ann"]))
    found = read_groups(str(file), "train", 3)
    assert (found.group.name, found.group.numbers.tolist(), found.slices) == ("groups", [0, 1, 0], ())
    assert read_groups(str(file), "test", 2) is None


def test_a_digest_is_of_the_values() -> None:
    one, same, other = (Column("a", np.array(values)) for values in ([1, 2], [1, 2], [2, 1]))
    assert one.digest == same.digest != other.digest
    assert one.of(np.array([1])).values.tolist() == [2]


def test_what_does_not_fit_is_refused(file: Path, tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"data.groups: series of the train part must have a whole number or a text for each of 5"
    ):
        read_groups(str(file), "train", 5)
    with pytest.raises(UserError, match=r"data.groups must be an .npz or .npy file, got nowhere.npz"):
        read_groups("nowhere.npz", "train", 5)
    text = tmp_path / "text.npz"
    text.write_text("no arrays")
    with pytest.raises(UserError, match=r"data.groups must be an .npz or .npy file"):
        read_groups(str(text), "train", 5)
    empty = tmp_path / "empty.npz"
    np.savez(empty, other=[1, 2])
    with pytest.raises(UserError, match=r"data.groups must have an array of the training images, such as train_groups"):
        read_groups(str(empty), "train", 2)
    single = tmp_path / "single.npz"
    np.savez(single, train_writers=[1, 1], test_writers=[2, 2])
    assert read_groups(str(single), "train", 2).group.numbers.tolist() == [0, 0]
    with pytest.raises(UserError, match=r"data.groups: all 2 images of the test part are of one group \(writers\)"):
        read_groups(str(single), "test", 2)
