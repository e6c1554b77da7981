"""The comparison of finalists against hand-computed figures."""

from dataclasses import asdict, replace

import numpy as np
import pytest
from scipy import stats

from mnist_sweep.results.comparison import Measure, Runs, conclude


def runs(accuracies: list[float], promised: float | None = 0.99, parameters: int = 100, right: int = 90) -> Runs:
    return Runs(
        promised, 10_000, 3, parameters, 12.0, accuracies, np.tile(np.arange(100) < right, (len(accuracies), 1))
    )


BASELINE = [0.970, 0.971, 0.972, 0.969, 0.968]
BETTER = [0.981, 0.980, 0.982, 0.979, 0.983]


def test_the_figures_are_as_by_hand() -> None:
    found = conclude({7: runs(BETTER, 0.985, right=95), 0: runs(BASELINE, 0.975)}, 0)
    first, second = found.finalists
    assert (first.trial, second.trial) == (7, 0)
    assert first.test_accuracy.mean == pytest.approx(0.981)
    assert first.gap.mean == pytest.approx(0.004)
    variance = 0.985 * 0.015 / 10_000 + 0.981 * 0.019 / 100 + np.var(BETTER, ddof=1) * 6 / 5
    assert first.gap.half_interval == pytest.approx(1.96 * variance**0.5)
    assert second.gap.mean == pytest.approx(0.005)
    beside = first.against_baseline
    assert beside.difference.mean == pytest.approx(np.mean(BETTER) - np.mean(BASELINE))
    low, high = stats.ttest_ind(BETTER, BASELINE, equal_var=False).confidence_interval()
    assert (beside.difference.low, beside.difference.high) == pytest.approx((low, high))
    assert beside.p == pytest.approx(2 / 252)
    assert beside.wins > 0.99
    # All runs of one are right on the same images here: five of a hundred are what the two differ by.
    low, high = stats.t.interval(0.95, 99, 0.05, (0.05 * 0.95 / 99) ** 0.5)
    assert (beside.other_images.low, beside.other_images.high) == pytest.approx((low, high))
    assert beside.other_images.p == pytest.approx(2 * stats.t.sf(0.05 / (0.05 * 0.95 / 99) ** 0.5, 99))
    assert first.against_best is None
    assert second.against_best.difference.mean == pytest.approx(-beside.difference.mean)
    assert asdict(beside.mcnemar) == {"only_first": 5, "only_second": 0, "p": pytest.approx(2 * 0.5**5)}
    assert (found.better_than_baseline, found.tied, found.recommended) == ([7], [7], 7)


def test_of_equally_cheap_ones_the_better_is_recommended() -> None:
    near = [value - 1e-5 for value in BETTER]
    assert conclude({3: runs(near), 7: runs(BETTER), 0: runs(BASELINE)}, 0).recommended == 7
    assert conclude({7: runs(BETTER[:2]), 0: runs(BASELINE[:2], parameters=1)}, 0).recommended == 7


def test_what_holds_on_these_images_alone_is_better_on_these_images_alone() -> None:
    found = conclude({7: runs(BETTER, right=91), 0: runs(BASELINE)}, 0)
    assert (found.better_than_baseline, found.better_on_these_images) == ([], [7])
    assert (found.tied, found.recommended) == ([0, 7], 7)  # equally cheap
    cheaper = conclude({7: runs(BETTER, right=91), 0: runs(BASELINE, parameters=1)}, 0)
    assert cheaper.recommended == 0


def test_without_a_test_set_seeds_are_all_that_counts() -> None:
    found = conclude(
        {7: replace(runs(BASELINE), right=None), 0: replace(runs(BETTER), right=None)}, 0, measure=Measure("loss", -1)
    )
    beside = found.of(7).against_baseline
    assert (beside.other_images, beside.mcnemar, found.test_images) == (None, None, 0)
    assert found.better_than_baseline == [7]
    assert beside.difference.mean < 0
    assert beside.wins > 0.99
