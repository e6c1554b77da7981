"""Permutation tests, once and at several looks: against SciPy, by counting all ways, and in simulated studies."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from mnist_sweep.results.permutations import Looks, once, permutation, several, smallest_p


@pytest.mark.parametrize("seeds", [2, 3, 5, 7])
def test_once_it_is_scipys(seeds: int) -> None:
    rng = np.random.default_rng(seeds)
    for _ in range(10):
        first, second = rng.integers(9900, 9920, seeds), rng.integers(9905, 9925, seeds)
        expected = stats.permutation_test(
            (first, second), lambda a, b, axis: a.mean(axis) - b.mean(axis), vectorized=True
        )
        assert permutation(first / 10_000, second / 10_000, unit=1e-4) == pytest.approx(expected.pvalue)


def test_it_counts_all_ways() -> None:
    assert permutation([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]) == pytest.approx(2 / 252)
    assert permutation([0.5, 0.5], [0.5, 0.5]) == 1.0
    assert permutation([1.0], [2.0], several((5, 10, 15), 1)) == 1.0  # nothing was looked at yet


def by_counting(first: list[int], second: list[int], looks: Looks, level: float) -> bool:
    """Whether a look rejects at a level: by listing all ways within each block."""
    ways, here, start, total = [0.0], 0.0, 0, 1
    for size, share in zip(looks.sizes, looks.shares, strict=True):
        both = np.array(first[start:size] + second[start:size])
        chosen = [both[list(way)].sum() for way in itertools.combinations(range(len(both)), size - start)]
        here += sum(first[start:size]) - sum(second[start:size])
        total *= len(chosen)
        ways = [one + 2 * value - both.sum() for one in ways for value in chosen]
        if sum(abs(one) >= abs(here) for one in ways) / total <= level * share:
            return True
        distances = sorted({abs(one) for one in ways}, reverse=True)
        beyond = [far for far in distances if sum(abs(one) >= far for one in ways) / total <= level * share]
        ways = [one for one in ways if not beyond or abs(one) < beyond[-1]]
        start = size
    return False


def test_at_several_looks_it_is_the_smallest_level_that_rejects() -> None:
    rng = np.random.default_rng(0)
    looks = Looks((3, 6), (0.5, 0.5))
    for _ in range(20):
        first, second = rng.integers(0, 9, 6).tolist(), rng.integers(2, 12, 6).tolist()
        p = permutation(first, second, looks, unit=1.0)
        assert p == 1.0 or by_counting(first, second, looks, p * 1.000001)
        assert not by_counting(first, second, looks, p * 0.9999)


def test_more_looks_never_take_back_a_rejection() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        first, second = rng.normal(0.99, 0.001, 15).round(4), rng.normal(0.9905, 0.001, 15).round(4)
        found = [permutation(first[:seeds], second[:seeds], several((5, 10, 15), 1), 1e-4) for seeds in (5, 10, 15)]
        assert found == sorted(found, reverse=True)


def test_the_looks_spend_the_error_and_no_more() -> None:
    for comparisons in (1, 2, 3, 4, 9):
        looks = several((5, 10, 15), comparisons)
        assert sum(looks.shares) == pytest.approx(1)
        assert looks.shares[1] < looks.shares[2]
        apart = permutation(range(5), range(5, 10), looks) * comparisons
        assert (apart <= 0.05) == (comparisons <= 3)  # else the first look would take more than half of it
    assert several((5,), 3) == once(5)


def test_the_smallest_p_is_reached_by_values_that_lie_apart() -> None:
    assert smallest_p(once(5), 3) == pytest.approx(6 / 252)
    assert smallest_p(once(5), 1) == pytest.approx(permutation(range(5), range(5, 10)))
    assert smallest_p(once(2), 3) == 1.0
    looks = several((4, 8, 12), 1)
    assert smallest_p(looks, 1) == pytest.approx(permutation(range(12), range(20, 32), looks), abs=1e-5)


def test_an_error_of_the_looks_together_is_kept() -> None:
    rng = np.random.default_rng(2)
    p = np.array([permutation(*rng.integers(0, 40, (2, 9)).tolist(), several((3, 6, 9), 1), 1.0) for _ in range(1000)])
    for level in (0.05, 0.2):
        assert (p <= level).mean() <= level + 2 * (level * (1 - level) / len(p)) ** 0.5


def test_adastop_decides_the_same_at_the_same_look() -> None:
    """AdaStop 0.1.3, whose boundary is of one side, at half the level; with all permutations of both looks."""
    stored = json.loads((Path(__file__).parent / "adastop.json").read_text())
    looks = Looks((5, 10), (0.5, 0.5))
    rejected = 0
    for one in stored["comparisons"]:
        found = [permutation(one["first"][:size], one["second"][:size], looks, 1.0) <= 0.05 for size in (5, 10)]
        assert (found.index(True) + 1 if any(found) else None) == one["rejected_at_look"]
        rejected += any(found)
    assert 10 < rejected < len(stored["comparisons"])
