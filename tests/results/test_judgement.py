"""Who is better and who is recommended: by hand, and in simulated studies that draw seeds and images."""

from collections.abc import Callable

import numpy as np
import pytest

from mnist_sweep.results.judgement import Network, against, better_than, judge

DRAWS = {0: [0.990, 0.9901, 0.9902, 0.9899, 0.9898], 1: [0.9931, 0.9932, 0.9929, 0.993, 0.9928],
         2: [0.993, 0.9931, 0.9932, 0.9929, 0.9929]}  # fmt: skip


def networks(costs: list[float]) -> dict[int, Network]:
    return {number: Network(values, None, costs[number]) for number, values in DRAWS.items()}


def test_the_cheapest_of_those_that_tie_is_recommended() -> None:
    found = judge(networks([1.0, 100.0, 50.0]), 0)
    assert found.best == 2
    assert set(found.better) == {1, 2}
    assert set(found.tied) == {1, 2}
    assert found.recommended == 2
    assert judge(networks([1.0, 10.0, 50.0]), 0).recommended == 1


def test_p_values_are_corrected_for_the_number_of_comparisons() -> None:
    found = against(networks([1, 1, 1]), 0)
    assert [found[number].seeds.p for number in (1, 2)] == pytest.approx([4 / 252, 4 / 252])


def test_both_tests_have_to_reject_where_there_are_images() -> None:
    few = np.arange(100) < np.array([[98], [99], [99], [99], [98]])
    many = np.arange(100) < np.array([[90], [91], [91], [91], [90]])
    nearly = np.arange(100) < np.array([[93], [93], [94], [93], [94]])
    made = {number: Network(right.mean(axis=1).tolist(), right, 1) for number, right in enumerate((many, nearly, few))}
    found = judge(made, 0)
    assert found.beside_baseline[1].seeds.p < 0.05 < found.beside_baseline[1].p
    assert (found.better, found.better_here) == ((2,), (1,))


def simulated(rng: np.random.Generator, gain: float, seeds: int = 5) -> bool:
    """Whether a study of three finalists, the first of them better by `gain` than the baseline, has a winner."""
    deviation = 0.0007  # of the accuracies of one configuration over seeds
    draws = {number: list(0.991 + gain * (number == 1) + deviation * rng.standard_normal(seeds)) for number in range(4)}
    better = better_than(against({n: Network(d, None, 1) for n, d in draws.items()}, 0), lambda each: each.p)
    return 1 in better if gain else bool(better)


def test_equal_networks_have_a_winner_in_at_most_one_of_twenty_studies() -> None:
    rng = np.random.default_rng(0)
    assert sum(simulated(rng, 0.0) for _ in range(1000)) <= 50


def test_a_difference_of_0_3_points_is_found_in_most_studies() -> None:
    rng = np.random.default_rng(0)
    assert sum(simulated(rng, 0.003) for _ in range(200)) >= 180


def test_on_fresh_images_too_there_is_a_winner_in_at_most_one_of_twenty_studies(simulate: Callable) -> None:
    rng = np.random.default_rng(1)
    false, here = 0, 0
    for _ in range(1000):
        drawn = simulate(rng, networks=4, images=500, taste=0.4, luck=0.2)
        made = {number: Network(right.mean(axis=1).tolist(), right, 1) for number, right in enumerate(drawn)}
        found = judge(made, 0)
        false += bool(found.better)
        here += bool(found.better or found.better_here)
    assert false <= 50
    assert here > 100  # on the images that were drawn the networks do differ: seeds alone would call that a winner
