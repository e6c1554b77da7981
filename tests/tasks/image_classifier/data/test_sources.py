import numpy as np
import pytest
from sklearn.datasets import load_digits

from mnist_sweep.config import Unavailable, UserError
from mnist_sweep.tasks.image_classifier.data import archive, csv, digits, folder
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


@pytest.fixture
def pictures(tmp_path):
    """Class folders with pictures of one colour each: 3 cats and 2 dogs to train, one of each to test."""
    from PIL import Image

    for part, count in (("train", 3), ("test", 1)):
        for kind, colour in (("dog", (0, 0, 255)), ("cat", (255, 255, 255))):
            (tmp_path / "pictures" / part / kind).mkdir(parents=True)
            for number in range(count - (part == "train" and kind == "dog")):
                Image.new("RGB", (10, 20), colour).save(tmp_path / "pictures" / part / kind / f"{number}.png")
    (tmp_path / "pictures" / "train" / "cat" / "notes.txt").write_text("no picture")
    return tmp_path / "pictures"


@pytest.mark.parametrize(("color", "channels"), [("grayscale", 1), ("rgb", 3)])
def test_pictures_in_class_folders_are_resized_and_named(pictures, color, channels):
    images, labels = folder("train", path=str(pictures), size=[4, 6], color=color)
    assert (images.shape, images.dtype) == ((5, 4, 6, channels), np.uint8)
    assert labels.tolist() == ["cat"] * 3 + ["dog"] * 2
    assert (images[labels == "cat"] == 255).all()
    blue = [round(0.114 * 255)] if color == "grayscale" else [0, 0, 255]  # ITU-R 601
    assert (images[labels == "dog"] == blue).all()
    assert folder("test", path=str(pictures), size=[4, 6], color=color)[1].tolist() == ["cat", "dog"]


def test_a_picture_that_is_none_is_told(pictures):
    (pictures / "train" / "dog" / "0.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match=r"0\.png can't be read"):
        folder("train", path=str(pictures), size=[4, 6], color="rgb")
    with pytest.raises(UserError, match=r"data\.path must be a file or folder that exists"):
        folder("train", path=str(pictures / "train"), size=[4, 6], color="rgb")


def test_a_table_has_an_image_in_each_row(tmp_path):
    file = tmp_path / "train.csv"
    file.write_text("a,b,kind,c,d\n0,255,x,3,4\n1,2,y,5,6\n")
    images, labels = csv("train", path=str(file), test_path=None, label="kind", image=[2, 2])
    assert (images.dtype, images.tolist()) == (np.uint8, [[[0, 255], [3, 4]], [[1, 2], [5, 6]]])
    assert labels.tolist() == ["x", "y"]
    file.write_text("kind,a,b\n7,0.5,2\n8,1,-1\n")
    images, labels = csv("test", path="x", test_path=str(file), label="kind", image=[1, 1, 2])
    assert (images.dtype, images.tolist()) == (np.float32, [[[[0.5, 2.0]]], [[[1.0, -1.0]]]])
    assert labels.tolist() == [7, 8]


@pytest.mark.parametrize(
    ("part", "changes", "message"),
    [
        ("test", {"test_path": None}, "data.test_path is null: there is no test part"),
        ("train", {"label": "sort"}, "data.label must be a column of .*train.csv, got sort"),
        ("train", {"image": [2, 3]}, "data.image must have as many pixels .* beside kind, 2, got 2x3"),
        ("train", {"path": "nowhere.csv"}, "data.path must be a file or folder that exists, got nowhere.csv"),
    ],
)
def test_a_table_that_does_not_fit_is_told(tmp_path, part, changes, message):
    (tmp_path / "train.csv").write_text("kind,a,b\n1,2,3\n")
    arguments = {"path": str(tmp_path / "train.csv"), "test_path": None, "label": "kind", "image": [1, 2], **changes}
    with pytest.raises(UserError, match=message):
        csv(part, **arguments)


def test_endings_count_in_capitals_too(pictures):
    (pictures / "train/dog/0.png").rename(pictures / "train/dog/0.PNG")
    assert folder("train", path=str(pictures), size=[4, 6], color="rgb")[1].tolist() == ["cat"] * 3 + ["dog"] * 2


def test_a_class_without_a_picture_is_told(pictures):
    (pictures / "train/bird").mkdir()
    with pytest.raises(UserError, match=r"must have a picture of each class, but none is in .*train/bird$"):
        folder("train", path=str(pictures), size=[4, 6], color="rgb")
    (pictures / "train/bird").rename(pictures / "train/.ipynb_checkpoints")
    assert len(folder("train", path=str(pictures), size=[4, 6], color="rgb")[1]) == 5


@pytest.mark.parametrize(
    ("mode", "colour", "message"),
    [
        ("I;16", 1000, "it has more than 8 bits a channel"),
        ("F", 0.5, "it has more than 8 bits a channel"),
        ("RGBA", (0, 0, 0, 0), "it has transparent pixels"),
        ("RGBA", (9, 9, 9, 255), None),
        ("LA", (9, 255), None),
        ("1", 1, None),
    ],
)
def test_a_picture_that_would_become_another_one_is_told(pictures, mode, colour, message):
    from PIL import Image

    file = pictures / "train/cat" / ("0.tif" if mode == "F" else "0.png")
    Image.new(mode, (10, 20), colour).save(file)
    if message is None:
        assert len(folder("train", path=str(pictures), size=[4, 6], color="rgb")[1]) == 5
    else:
        with pytest.raises(UserError, match=message):
            folder("train", path=str(pictures), size=[4, 6], color="rgb")


def test_a_label_may_be_called_na_but_not_be_missing(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("label,a,b\nNA,0,255\nNone,1,2\n")
    assert csv("train", path=str(file), test_path=None, label="label", image=[1, 2])[1].tolist() == ["NA", "None"]
    file.write_text("label,a,b\n1,0,255\n,1,2\n")
    with pytest.raises(UserError, match="must have a label in each row, but row 2 has none"):
        csv("train", path=str(file), test_path=None, label="label", image=[1, 2])
