"""Looks: what is decided, what is hopeless, and that the error and the power are what they should be."""

import numpy as np
import pytest
from scipy import stats

from mnist_sweep.results.judgement import Network, Rules
from mnist_sweep.results.permutations import several
from mnist_sweep.results.stopping import Look, Verdict, chance, expected_runs, look

LOW = [0.990, 0.9902, 0.9904, 0.9901, 0.9903]
SIZES = (5, 10, 15)


def network(values: list[float]) -> Network:
    return Network(values, None, 1.0)


def rules(comparisons: int, sign: int = 1) -> Rules:
    return Rules(several(SIZES, comparisons), sign=sign)


def test_what_lies_apart_is_decided_at_the_first_look() -> None:
    high, equal = [value + 0.001 for value in LOW], [value - 0.0001 for value in LOW]
    seen = look(
        {0: network(LOW), 1: network(high), 2: network(equal), 3: network([v - 0.001 for v in LOW])}, 0, rules(3)
    )
    assert seen.seeds == 5
    assert [one.verdict for one in seen.standings] == [Verdict.BETTER, Verdict.HOPELESS, Verdict.WORSE]
    assert seen.of(1).p == pytest.approx(seen.of(3).p)
    assert seen.open == ()
    turned = look({0: network(LOW), 1: network(high)}, 0, rules(1, sign=-1))
    assert turned.of(1).verdict is Verdict.WORSE


def test_what_may_still_be_told_is_open() -> None:
    near = [value + 0.0002 for value in LOW]
    seen = look({0: network(LOW), 1: network(near)}, 0, rules(1))
    assert seen.open == (1,)
    last = look({0: network(LOW * 3), 1: network(LOW * 3)}, 0, rules(1))
    assert last.of(1).verdict is Verdict.OPEN  # nothing is hopeless at the end


def test_what_was_dropped_stays_dropped() -> None:
    before = look(
        {0: network(LOW), 1: network([v - 0.0001 for v in LOW]), 2: network([v + 0.0002 for v in LOW])}, 0, rules(2)
    )
    assert before.open == (2,)
    made = {0: network(LOW * 2), 1: network([v - 0.0001 for v in LOW]), 2: network([v + 0.0002 for v in LOW] * 2)}
    seen = look(made, 0, rules(2), before)
    assert seen.of(1).verdict is Verdict.HOPELESS


def test_the_chance_is_what_a_simulation_has() -> None:
    first, second = [0.5, 0.7, 0.9, 0.8, 0.6], [0.4, 0.55, 0.5, 0.7, 0.6]
    rng = np.random.default_rng(0)
    count = 100_000
    variances = [np.var(values, ddof=1) for values in (first, second)]
    spread = sum(variances)
    effects = np.mean(first) - np.mean(second) + (spread / 5) ** 0.5 * rng.standard_normal(count)
    later = effects + (spread / 10) ** 0.5 * rng.standard_normal(count)
    in_the_end = (5 * (np.mean(first) - np.mean(second)) + 10 * later) / 15
    expected = np.mean(in_the_end > stats.norm.isf(0.025) * (spread / 15) ** 0.5)
    assert chance(network(first), network(second), 15, 0.05) == pytest.approx(expected, abs=0.01)
    assert chance(network([0.5, 0.5]), network([0.5, 0.5]), 15, 0.05) == 0.0
    assert chance(network([0.6, 0.6]), network([0.5, 0.5]), 15, 0.05) == 1.0


def study(rng: np.random.Generator, effects: list[float]) -> tuple[Look, float]:
    """The last look at a study, whose values are counts of images, and the mean number of runs."""
    means = np.array([0, *effects])[:, np.newaxis]
    values = np.rint(9900 + 7 * (means + rng.standard_normal((len(means), SIZES[-1])))) / 10_000
    counts = dict.fromkeys(range(len(means)), SIZES[0])
    seen = None
    for size in SIZES:
        for number in counts:
            if seen is None or number == 0 or number in seen.open:
                counts[number] = size
        right = np.ones((1, 10_000), np.bool_)  # there are so many images
        made = {number: Network(values[number, :count].tolist(), right, 1) for number, count in counts.items()}
        seen = look(made, 0, rules(len(effects)), seen)
        if not seen.open:
            break
    assert seen is not None
    return seen, float(np.mean(list(counts.values())))


def test_equal_finalists_are_told_apart_in_at_most_one_of_twenty_studies() -> None:
    rng = np.random.default_rng(1)
    found = [study(rng, [0.0, 0.0, 0.0])[0] for _ in range(300)]
    wrong = [any(one.verdict in (Verdict.BETTER, Verdict.WORSE) for one in seen.standings) for seen in found]
    assert np.mean(wrong) <= 0.05


@pytest.mark.slow
def test_a_difference_of_one_and_a_half_deviations_is_found_with_few_runs() -> None:
    rng = np.random.default_rng(2)
    found = [study(rng, [1.5, 0.0, 0.0]) for _ in range(1000)]
    assert np.mean([seen.of(1).verdict is Verdict.BETTER for seen, _ in found]) >= 0.85
    assert np.mean([runs for _, runs in found]) <= 12.5


def test_what_is_expected_lies_between_the_least_and_the_most() -> None:
    expected = expected_runs(several(SIZES, 3), 3)
    assert 20 < expected < 60
    assert expected_runs(several(SIZES, 1), 1) < expected
    assert expected_runs(several(SIZES, 3), 3) == expected
