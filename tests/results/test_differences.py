"""Differences over seeds and over images: against SciPy, by hand, and in simulated studies whose truth is known."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from mnist_sweep.results.differences import Difference, components, over_seeds
from mnist_sweep.results.differences import over_images as of_components


def over_images(*given: object) -> Difference:
    return of_components(components(*given))


FIRST, SECOND = [0.991, 0.992, 0.9905, 0.9915, 0.9925], [0.9902, 0.9916, 0.9905, 0.9908]


def test_over_seeds_it_is_welchs() -> None:
    found = over_seeds(FIRST, SECOND)
    expected = stats.ttest_ind(FIRST, SECOND, equal_var=False)
    assert found.mean == pytest.approx(np.mean(FIRST) - np.mean(SECOND))
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval()))
    assert found.p == pytest.approx(expected.pvalue)


def test_where_less_is_better_the_smaller_one_wins() -> None:
    more, less = over_seeds(FIRST, SECOND), over_seeds(FIRST, SECOND, sign=-1)
    assert more.wins > 0.5
    assert less.wins == pytest.approx(1 - more.wins)
    assert (less.mean, less.low, less.high) == (more.mean, more.low, more.high)


def test_what_does_not_vary_is_certain() -> None:
    assert over_seeds([0.5, 0.5], [0.5, 0.5]).wins == 0.5
    assert over_seeds([0.6, 0.6], [0.5, 0.5]).wins == 1.0
    same = np.ones((3, 10), np.bool_)
    found = over_images(same, same)
    assert (found.low, found.high, found.p, found.wins) == (0, 0, 1, 0.5)


def test_over_images_it_is_the_analysis_of_variance_by_hand() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.random((3, 40)) < np.array([[0.5], [0.8], [0.9]]), rng.random((4, 40)) < 0.6
    parts, freedoms = [], []
    by_image = [float(np.mean(first[:, i])) - float(np.mean(second[:, i])) for i in range(40)]
    parts.append(np.var(by_image, ddof=1) / 40)
    freedoms.append(39)
    for right in (first, second):
        seeds = len(right)
        squares = 0.0
        for run in range(seeds):
            for i in range(40):
                squares += float(right[run, i] - right[run].mean() - right[:, i].mean() + right.mean()) ** 2
        met = squares / (seeds - 1) / 39 / 40
        parts.append(max(0.0, np.var([run.mean() for run in right], ddof=1) - met) / seeds)
        freedoms.append(seeds - 1)
    variance = sum(parts)
    freedom = variance**2 / sum(part**2 / own for part, own in zip(parts, freedoms, strict=True))
    found = over_images(first, second)
    low, high = stats.t.interval(0.95, freedom, np.mean(by_image), variance**0.5)
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.p == pytest.approx(2 * stats.t.sf(abs(np.mean(by_image)) / variance**0.5, freedom))
    assert parts[1] > 0  # the seeds of the first differ by more than their luck with the images


def test_groups_of_one_image_each_are_none() -> None:
    rng = np.random.default_rng(2)
    first, second = rng.random((3, 30)) < 0.8, rng.random((3, 30)) < 0.7
    alone, grouped = over_images(first, second), over_images(first, second, rng.permutation(30))
    assert grouped.low == pytest.approx(alone.low)
    assert grouped.wins == pytest.approx(alone.wins)


def test_a_hundred_copies_of_an_image_say_no_more_than_it() -> None:
    rng = np.random.default_rng(3)
    first, second = rng.random((3, 30)) < 0.8, rng.random((3, 30)) < 0.7
    once = over_images(first, second)
    copies = over_images(np.repeat(first, 100, axis=1), np.repeat(second, 100, axis=1), np.repeat(np.arange(30), 100))
    assert (copies.low, copies.high, copies.wins) == pytest.approx((once.low, once.high, once.wins))


def test_of_unequal_groups_fewer_are_free() -> None:
    """Against the matrix of the estimate's quadratic form."""
    sizes = np.array([1, 2, 3, 10, 30])
    groups = np.repeat(np.arange(5), sizes)
    share = sizes / sizes.sum()
    centred = np.diag(share) @ (np.eye(5) - share)
    form = centred.T @ centred
    rng = np.random.default_rng(6)
    first, second = rng.random((3, 46)) < 0.8, rng.random((3, 46)) < 0.6
    found = components(first, second, groups)
    assert found.freedom == pytest.approx(np.trace(form) ** 2 / np.trace(form @ form))
    by_image = first.mean(axis=0) - second.mean(axis=0)
    sums = np.bincount(groups, by_image - by_image.mean())
    assert found.by_image == pytest.approx((sums**2).sum() / 46**2 * (share @ share) / np.trace(form))


@pytest.mark.parametrize("largest", [5, 100], ids=["equal", "one-holds-half"])
def test_intervals_hold_the_truth_where_whole_groups_differ(largest: int) -> None:
    rng = np.random.default_rng(7)
    groups = np.repeat(np.arange(21), [largest, *[5] * 20])
    held = 0
    for _ in range(STUDIES):
        chances = 0.8 + 0.15 * rng.choice([-1, 1], (2, 1, 21))[:, :, groups]
        first, second = rng.random((2, 5, len(groups))) < chances
        found = over_images(first, second, groups)
        held += found.low <= 0 <= found.high
    assert held / STUDIES >= 0.93


STUDIES = 1000


@pytest.mark.parametrize(
    "given",
    [{}, {"taste": 0.0}, {"seed_effect": 0.3}, {"seeds": 3}, {"images": 360}, {"groups": np.arange(1000) % 50}],
    ids=["usual", "equal-tastes", "large-seed-effect", "3-seeds", "360-images", "50-groups"],
)
def test_of_100_intervals_93_to_97_hold_the_truth(simulate: Callable, given: dict) -> None:
    rng = np.random.default_rng(4)
    held = 0
    for _ in range(STUDIES):
        found = over_images(*simulate(rng, **given), given.get("groups"))
        held += found.low <= 0 <= found.high
    assert 0.93 <= held / STUDIES <= 0.97


def test_fresh_runs_win_as_often_as_was_said(simulate: Callable) -> None:
    rng = np.random.default_rng(5)
    said, won = [], []
    for _ in range(STUDIES):
        effect = 0.01 * rng.standard_normal()  # of the accuracy, by taking away some of the second's
        first, second = simulate(rng, seeds=5)
        fresh, other = simulate(rng, seeds=1)
        worse = rng.random(1000) < abs(effect)
        hidden = [(~worse[np.newaxis] & one) if (effect > 0) == (one is second) else one for one in (first, second)]
        said.append(over_images(*hidden).wins)
        worse = rng.random(1000) < abs(effect)
        pair = [(~worse[np.newaxis] & one) if (effect > 0) == (one is other) else one for one in (fresh, other)]
        difference = pair[0].mean() - pair[1].mean()
        won.append((1 + np.sign(difference)) / 2)
    chances, results = np.array(said), np.array(won)
    for low, high in ((0.0, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1.0)):
        inside = (low <= chances) & (chances <= high)
        assert results[inside].mean() == pytest.approx(chances[inside].mean(), abs=0.08)
