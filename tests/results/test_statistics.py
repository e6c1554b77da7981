"""Statistics against SciPy and values from tables."""

import numpy as np
import pytest
from scipy import stats

from mnist_sweep.results.statistics import describe, holm, mcnemar


def test_an_interval_is_students() -> None:
    values = [0.991, 0.992, 0.9905, 0.9915, 0.9925]
    found = describe(values)
    low, high = stats.t.interval(0.95, 4, np.mean(values), stats.sem(values))
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.deviation == pytest.approx(np.std(values, ddof=1))
    assert describe([0.5]).high == np.inf


def test_holms_correction_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []


def test_mcnemar_is_the_binomial_test_of_the_images_that_differ() -> None:
    first = np.array([True] * 90 + [True] * 9 + [False] * 2 + [False] * 5)
    second = np.array([True] * 90 + [False] * 9 + [True] * 2 + [False] * 5)
    found = mcnemar(first, second)
    assert (found.only_first, found.only_second) == (9, 2)
    assert found.p == pytest.approx(2 * stats.binom.cdf(2, 11, 0.5))
    assert mcnemar(first, first).p == 1.0
