"""Errors by slice: counted by hand, intervals against SciPy, groups against copies."""

import numpy as np
import pytest
from scipy import stats

from mnist_sweep.results.slices import by_slice, wilson
from mnist_sweep.tasks.image_classifier.data.groups import Column, Groups
from mnist_sweep.tasks.image_classifier.evaluation import Predictions

LABELS = np.repeat([0, 1], [40, 60]).astype(np.int32)


def predictions(wrong: int, groups: Groups | None = None) -> Predictions:
    """The first images of class 1 are wrong."""
    predicted = LABELS.copy()
    predicted[40 : 40 + wrong] = 0
    return Predictions(np.zeros((100, 2), np.float32), predicted, LABELS, groups)


@pytest.mark.parametrize(("wrong", "count"), [(0, 10), (3, 10), (17, 1000), (10, 10)])
def test_an_interval_is_wilsons(wrong: int, count: int) -> None:
    expected = stats.binomtest(wrong, count).proportion_ci(method="wilson")
    assert wilson(wrong / count, count) == pytest.approx((expected.low, expected.high))


def test_each_class_has_its_errors_on_average_over_the_runs() -> None:
    zero, one = by_slice([predictions(6), predictions(12)], ["nought", "one"])
    assert (zero.column, zero.value, zero.images, zero.error, zero.low) == ("class", "nought", 40, 0, 0)
    assert (one.value, one.images, one.error) == ("one", 60, pytest.approx(9 / 60))
    assert (one.low, one.high) == pytest.approx(wilson(9 / 60, 60))
    assert [found.value for found in by_slice([predictions(6)])] == ["0", "1"]


def test_images_of_a_group_say_less_than_as_many_others() -> None:
    writers, series = Column("writers", np.arange(100) // 20), Column("series", np.where(np.arange(100) < 60, "a", "b"))
    found = by_slice([predictions(20, Groups(writers, (series,)))])
    assert [(one.column, one.value) for one in found] == [
        ("class", "0"), ("class", "1"), ("series", "a"), ("series", "b"),
    ]  # fmt: skip
    one = found[1]
    assert one.error == pytest.approx(1 / 3)
    alone = wilson(1 / 3, 60)
    assert one.low < alone[0]
    assert one.high > alone[1]
    assert found[2].error == pytest.approx(1 / 3)


def test_many_values_are_no_slices() -> None:
    many = Column("many", np.arange(100) % 99)
    found = by_slice([predictions(1, Groups(Column("groups", np.arange(100)), (many,)))])
    assert {one.column for one in found} == {"class"}
