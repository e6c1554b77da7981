"""Statistics against SciPy, values from tables, and simulated studies."""

import itertools

import numpy as np
import pytest
from scipy import stats

from mnist_sweep.results.statistics import against, better_than, describe, holm, judge, mcnemar, permutation


def test_an_interval_is_students() -> None:
    values = [0.991, 0.992, 0.9905, 0.9915, 0.9925]
    found = describe(values)
    low, high = stats.t.interval(0.95, 4, np.mean(values), stats.sem(values))
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.deviation == pytest.approx(np.std(values, ddof=1))
    assert describe([0.5]).high == np.inf


def test_the_permutation_test_counts_all_ways() -> None:
    first, second = [0.991, 0.9925, 0.9917, 0.9921, 0.9911], [0.9902, 0.9916, 0.9905, 0.9908, 0.9912]
    both = np.array(first + second)
    observed = abs(np.mean(first) - np.mean(second))
    ways = list(itertools.combinations(range(10), 5))
    as_far = 0
    for way in ways:
        rest = [index for index in range(10) if index not in way]
        as_far += abs(both[list(way)].mean() - both[rest].mean()) >= observed - 1e-12
    assert permutation(first, second) == pytest.approx(as_far / len(ways))
    assert permutation([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]) == pytest.approx(2 / 252)


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


def test_the_cheapest_of_those_that_tie_is_recommended() -> None:
    draws = {0: [0.990, 0.9901, 0.9902, 0.9899, 0.9898], 1: [0.9931, 0.9932, 0.9929, 0.993, 0.9928],
             2: [0.993, 0.9931, 0.9932, 0.9929, 0.9929]}  # fmt: skip
    found = judge(draws, 0, {0: 1.0, 1: 100.0, 2: 50.0})
    assert found.best == 2
    assert set(found.better) == {1, 2}
    assert set(found.tied) == {1, 2}
    assert found.recommended == 2
    assert judge(draws, 0, {0: 1.0, 1: 10.0, 2: 50.0}).recommended == 1


def simulated(rng: np.random.Generator, gain: float, seeds: int = 5) -> bool:
    """Whether a study of three finalists, the first of them better by `gain` than the baseline, has a winner."""
    deviation = 0.0007  # of the accuracies of one configuration over seeds
    draws = {number: list(0.991 + gain * (number == 1) + deviation * rng.standard_normal(seeds)) for number in range(4)}
    better = better_than(draws, 0, against(draws, 0))
    return 1 in better if gain else bool(better)


def test_equal_networks_have_a_winner_in_at_most_one_of_twenty_studies() -> None:
    rng = np.random.default_rng(0)
    assert sum(simulated(rng, 0.0) for _ in range(1000)) <= 50


def test_a_difference_of_0_3_points_is_found_in_most_studies() -> None:
    rng = np.random.default_rng(0)
    assert sum(simulated(rng, 0.003) for _ in range(200)) >= 180
