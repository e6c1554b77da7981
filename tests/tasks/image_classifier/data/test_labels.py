"""Labels of every kind become classes from 0."""

import hashlib

import numpy as np
import pytest

from mnist_sweep.config import UserError
from mnist_sweep.tasks.image_classifier.data.labels import as_classes, class_names, flat, labels_digest


@pytest.mark.parametrize(
    ("labels", "names", "classes"),
    [
        (np.array([0, 2, 1, 0], np.uint8), [], [0, 2, 1, 0]),
        (np.array([[1], [2], [1]], np.int64), ["1", "2"], [0, 1, 0]),
        (np.array([-1, 5, 7]), ["-1", "5", "7"], [0, 1, 2]),
        (np.array(["b", "a", "b"]), ["a", "b"], [1, 0, 1]),
        (np.array([b"b", b"a"]), ["a", "b"], [1, 0]),
        (np.array([True, False]), [], [1, 0]),
        (np.array([10, 9, 10]), ["9", "10"], [1, 0, 1]),  # in the order of the numbers
    ],
)
def test_classes_are_numbered_in_their_order(labels, names, classes):
    plain = flat(labels, "x")
    found = class_names(plain, "x")
    assert found == names
    assert as_classes(plain, found, "x").tolist() == classes


@pytest.mark.parametrize("labels", [np.zeros((3, 2), int), np.array([0.5, 1.0]), np.array(1)])
def test_other_things_are_no_labels(labels):
    with pytest.raises(UserError, match="data=mine must have labels that are integers or texts"):
        flat(labels, "data=mine")


def test_a_label_that_the_train_part_lacks_is_told():
    with pytest.raises(UserError, match="the test part has the label c, which the train part does not have"):
        as_classes(np.array(["a", "c"]), ["a", "b"], "the test part")


def test_too_many_classes_are_told():
    with pytest.raises(UserError, match="at most 10,000 classes, got 10,001 different labels"):
        class_names(np.arange(10_001) + 1, "x")


def test_numbers_from_0_have_the_digest_of_an_idx_file_and_names_count():
    header = bytes([0, 0, 8, 1, 0, 0, 0, 3])
    assert labels_digest(np.array([1, 0, 2], np.int32), []) == hashlib.sha256(header + bytes([1, 0, 2])).hexdigest()
    named = {labels_digest(np.array([0, 1], np.int32), names) for names in ([], ["a", "b"], ["a", "c"])}
    assert len(named) == 3


@pytest.mark.parametrize(("labels", "wrong"), [(np.array(["1.0", "nan"]), "1.0"), (np.array([0, -1]), "-1")])
def test_a_label_that_is_no_number_from_0_as_those_of_the_train_part_is_told(labels, wrong):
    with pytest.raises(UserError, match=f"has the label .?{wrong}.?, but the train part has whole numbers from 0"):
        as_classes(labels, [], "the test part")
