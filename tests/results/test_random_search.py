"""What a sampler won: expected maxima by enumeration, and intervals in simulated searches whose truth is known."""

from itertools import combinations

import numpy as np
import pytest

from mnist_sweep.results.random_search import ENOUGH, Gain, RandomSearch, expected_best, gain_of, sentence


@pytest.mark.parametrize("best_of", [1, 2, 3, 5])
def test_the_expected_best_is_the_mean_over_all_ways_to_choose(best_of: int) -> None:
    values = [0.3, 0.9, 0.1, 0.9, 0.4]
    assert expected_best(values, best_of) == pytest.approx(
        np.mean([max(some) for some in combinations(values, best_of)])
    )


def test_of_too_few_trials_nothing_is_said() -> None:
    enough, few = list(np.arange(ENOUGH) / 100), list(np.arange(ENOUGH - 1) / 100)
    assert gain_of(enough, few) is None
    assert gain_of(few, enough) is None
    assert gain_of(enough, enough) is not None


def test_equal_trials_have_no_difference_and_no_noise() -> None:
    assert gain_of([0.5] * 20, [0.5] * 20) == Gain(3, 0.0, 0.0, 0.0)


@pytest.mark.parametrize("shift", [0.0, 0.004])
def test_intervals_hold_the_truth(shift: float) -> None:
    rng = np.random.default_rng(0)

    def accuracies(count: int) -> list[float]:
        return list(0.99 - 0.02 * rng.beta(1, 3, count))

    hits = 0
    for _ in range(400):
        gain = gain_of([value + shift for value in accuracies(20)], accuracies(20))
        assert gain is not None
        hits += gain.low <= shift <= gain.high
    assert 0.93 <= hits / 400 <= 0.98


def test_a_sampler_that_is_better_is_called_so() -> None:
    rng = np.random.default_rng(1)
    random, proposed = rng.normal(0.98, 0.002, 20), rng.normal(0.99, 0.002, 40)
    gain = gain_of(list(proposed), list(random))
    text = sentence(RandomSearch("val_accuracy", 20, 40, gain))
    assert "the best of 3 trials that it proposed is expected to be +0.0" in text
    assert " better than the best of 3 drawn at random" in text
    assert text.endswith("; 40 and 20 trials): it won something.")
    assert sentence(RandomSearch("val_accuracy", 40, 20, gain_of(list(random), list(proposed)))).endswith(
        "it lost something."
    )
    assert sentence(RandomSearch("val_accuracy", 20, 20, gain_of(list(random), list(random)))).endswith(
        "no difference beyond the noise."
    )


def test_what_is_missing_is_told() -> None:
    text = sentence(RandomSearch("val_accuracy", 7, 12, None))
    assert text.startswith(
        "What the sampler won over random search can't be told: 7 trials were drawn at random and 12"
    )
