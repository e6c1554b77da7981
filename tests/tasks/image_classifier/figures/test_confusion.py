import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import confusion_matrix as count

from mnist_sweep.tasks.image_classifier.figures import confusion_matrix
from mnist_sweep.tasks.image_classifier.figures.style import save


def _numbers(figure, classes):
    """The table as it is written in the figure."""
    table = np.zeros((classes, classes), int)
    for text in figure.axes[0].texts:
        column, row = text.get_position()
        table[row, column] = int(text.get_text())
    return table


@pytest.mark.parametrize(("classes", "images"), [(2, 30), (10, 500), (26, 2000)])
def test_the_numbers_are_scikit_learns(tmp_path, classes, images):
    random = np.random.default_rng(0)
    labels = random.integers(0, classes, images).astype(np.int32)
    predicted = np.where(random.random(images) < 0.8, labels, random.integers(0, classes, images)).astype(np.int32)
    figure = confusion_matrix(labels, predicted, classes)
    expected = count(labels, predicted)
    np.testing.assert_array_equal(_numbers(figure, classes), expected)
    coloured = np.asarray(figure.axes[0].images[0].get_array())
    np.testing.assert_array_equal(coloured, expected * (1 - np.eye(classes)))
    right = int((labels == predicted).sum())
    assert figure.axes[0].get_title() == f"Confusion matrix: {right:,} of {images:,} right"
    assert (figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()) == ("prediction", "label")
    save(figure, tmp_path / "matrix.png")
    with Image.open(tmp_path / "matrix.png") as picture:
        picture.load()


def test_a_class_that_is_never_seen_has_its_row_and_column():
    figure = confusion_matrix(np.array([0, 1], np.int32), np.array([0, 1], np.int32), 4)
    np.testing.assert_array_equal(_numbers(figure, 4), np.diag([1, 1, 0, 0]))
    assert list(figure.axes[0].get_xticks()) == [0, 1, 2, 3]


def test_rows_are_labels_and_columns_predictions():
    figure = confusion_matrix(np.array([0, 0, 0], np.int32), np.array([1, 1, 1], np.int32), 2)
    np.testing.assert_array_equal(_numbers(figure, 2), [[0, 3], [0, 0]])


def test_no_mistake_at_all_can_be_drawn(tmp_path):
    labels = np.arange(10, dtype=np.int32)
    figure = confusion_matrix(labels, labels, 10)
    assert figure.axes[0].get_title() == "Confusion matrix: 10 of 10 right"
    save(figure, tmp_path / "matrix.png")
    assert (tmp_path / "matrix.png").stat().st_size > 1000


def test_many_classes_have_colours_in_a_picture_of_bounded_size():
    labels = np.arange(1000, dtype=np.int32)
    figure = confusion_matrix(labels, labels[::-1], 1000, [f"class {number}" for number in labels])
    assert max(figure.get_size_inches()) < 35
    assert not list(figure.axes[0].texts)
