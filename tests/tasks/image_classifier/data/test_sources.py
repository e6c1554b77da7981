import numpy as np
import pytest
from sklearn.datasets import load_digits

from mnist_sweep.config import Unavailable, UserError
from mnist_sweep.tasks.image_classifier.data import archive, digits
from mnist_sweep.tasks.image_classifier.data.sources import find, keras_cache


@pytest.fixture
def npz(arrays):
    def write(file, **changes):
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savez(file, **{**arrays, **changes})
        return file

    return write


def test_the_path_comes_before_the_variable_and_that_before_the_cache(tmp_path, npz, monkeypatch):
    cached = npz(keras_cache() / "mnist.npz")
    assert find("mnist", None) == cached
    of_variable = npz(tmp_path / "variable" / "mnist.npz")
    monkeypatch.setenv("MNIST_SWEEP_DATA", str(of_variable.parent))
    assert find("mnist", None) == of_variable
    given = npz(tmp_path / "given" / "mine.npz")
    assert find("mnist", str(given)) == given


def test_the_variable_falls_back_to_the_cache_for_what_it_does_not_hold(tmp_path, npz, monkeypatch):
    npz(tmp_path / "variable" / "mnist.npz")
    monkeypatch.setenv("MNIST_SWEEP_DATA", str(tmp_path / "variable"))
    cached = npz(keras_cache() / "fashion_mnist.npz")
    assert find("fashion_mnist", None) == cached


def test_the_variable_may_be_a_file(tmp_path, npz, monkeypatch):
    file = npz(tmp_path / "somewhere.npz")
    monkeypatch.setenv("MNIST_SWEEP_DATA", str(file))
    assert find("mnist", None) == file


def test_a_file_in_the_variable_is_not_taken_for_another_data_set(tmp_path, npz, monkeypatch):
    monkeypatch.setenv("MNIST_SWEEP_DATA", str(npz(tmp_path / "mnist.npz")))
    with pytest.raises(Unavailable, match="fashion_mnist was not found"):
        find("fashion_mnist", None)


@pytest.mark.parametrize("below", ["", "fashion_mnist", "fashion-mnist"])
def test_idx_files_are_found_in_a_folder_or_below_it(tmp_path, arrays, write_idx, below):
    folder = write_idx(tmp_path / "data" / below, arrays)
    assert find("fashion_mnist", str(tmp_path / "data")) == folder


def test_a_home_is_filled_in(tmp_path, npz, monkeypatch):
    file = npz(tmp_path / "mnist.npz")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find("mnist", "~/mnist.npz") == file


@pytest.mark.parametrize("path", ["nowhere", "nowhere/mnist.npz", ""])
def test_a_path_that_is_not_there_is_one_line(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"^data\.path must ") as error:
        find("mnist", path)
    assert not isinstance(error.value, Unavailable)


@pytest.mark.parametrize("path", ["x" * 300, "~nobody-of-this-name/mnist.npz"])
def test_a_path_that_can_not_be_is_one_line(path):
    with pytest.raises(UserError, match=r"^data\.path must "):
        find("mnist", path)


def test_a_folder_that_is_named_like_a_file_is_one_line(tmp_path):
    (tmp_path / "mnist.npz").mkdir()
    with pytest.raises(UserError, match=r"^data\.path must hold mnist\.npz or the four IDX files"):
        find("mnist", str(tmp_path / "mnist.npz"))
    with pytest.raises(UserError, match=r"^data\.path must hold mnist\.npz or the four IDX files"):
        find("mnist", str(tmp_path))


def test_a_variable_that_names_nothing_is_one_line(monkeypatch):
    monkeypatch.setenv("MNIST_SWEEP_DATA", "/nowhere")
    with pytest.raises(UserError, match=r"^MNIST_SWEEP_DATA must be a file or folder that exists, got /nowhere$"):
        find("mnist", None)


def test_what_is_nowhere_is_unavailable_and_says_where_it_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("MNIST_SWEEP_DATA", str(tmp_path))
    with pytest.raises(Unavailable, match="mnist was not found in") as error:
        find("mnist", None)
    assert str(tmp_path) in str(error.value)
    assert str(keras_cache()) in str(error.value)


def test_the_keras_cache_is_where_keras_has_it(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_HOME")
    assert keras_cache() == tmp_path / ".keras" / "datasets"


def test_the_test_part_of_an_npz_is_not_read_for_the_train_part(tmp_path, npz, arrays):
    file = npz(tmp_path / "a.npz", x_test=np.array([object()], dtype=object), y_test=np.array([None], dtype=object))
    images, labels = archive("train", name="mnist", path=str(file))
    np.testing.assert_array_equal(images, arrays["x_train"])
    np.testing.assert_array_equal(labels, arrays["y_train"])
    with pytest.raises(UserError, match="can't be read"):
        archive("test", name="mnist", path=str(file))


def test_digits_are_scikit_learns(monkeypatch):
    """Each one, made small again, is nearest to the digit that it was enlarged from."""
    train, test = digits("train"), digits("test")
    assert train[0].shape == (1437, 28, 28)
    assert test[0].shape == (360, 28, 28)
    assert train[0].dtype == train[1].dtype == np.uint8
    small, labels = load_digits(return_X_y=True)
    middle = (np.arange(8) * 3.5 + 1.75).astype(int)
    images = np.concatenate([train[0], test[0]])[:, middle][:, :, middle].reshape(1797, 64) * (16 / 255)
    distance = (images**2).sum(1)[:, None] + (small**2).sum(1)[None] - 2 * images @ small.T
    nearest = distance.argmin(axis=1)
    assert (labels[nearest] == np.concatenate([train[1], test[1]])).all()
    assert len(set(nearest)) > 1780  # all of them, but for a few that look alike


def test_digits_are_the_same_whatever_the_random_state():
    np.random.seed(1)
    first = digits("train")
    np.random.seed(2)
    second = digits("train")
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])
