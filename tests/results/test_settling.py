"""What would settle a difference: against the power of a simulated test, and where nothing would."""

import numpy as np
import pytest
from scipy import stats

from mnist_sweep.results.judgement import Network, Rules
from mnist_sweep.results.settling import needed

FIRST, SECOND = [0.5, 0.7, 0.9, 0.8, 0.6], [0.4, 0.55, 0.5, 0.7, 0.6]


def test_so_many_seeds_find_it_in_four_of_five_studies() -> None:
    found = needed(Network(FIRST, None, 1), Network(SECOND, None, 1), 1, Rules())
    assert found is not None
    rng = np.random.default_rng(0)
    shape = (4000, found.seeds)
    first = np.mean(FIRST) + np.std(FIRST, ddof=1) * rng.standard_normal(shape)
    second = np.mean(SECOND) + np.std(SECOND, ddof=1) * rng.standard_normal(shape)
    power = np.mean(stats.ttest_ind(first, second, axis=1, equal_var=False).pvalue <= 0.05)
    assert power == pytest.approx(0.8, abs=0.05)
    assert (found.seeds_and_images, found.images) == (None, None)


def test_what_is_worse_needs_nothing() -> None:
    assert needed(Network(SECOND, None, 1), Network(FIRST, None, 1), 1, Rules()) is None
    assert needed(Network(SECOND, None, 1), Network(FIRST, None, 1), 1, Rules(sign=-1)) is not None


def test_where_images_are_the_noise_more_seeds_are_no_help() -> None:
    one, other = np.arange(100) < 92, np.arange(100) < 90
    made = [Network([float(right.mean())] * 5, np.tile(right, (5, 1)), 1) for right in (one, other)]
    found = needed(*made, 1, Rules())
    assert found is not None
    assert (found.seeds, found.seeds_and_images) == (2, None)
    z = stats.norm.isf(0.025) + stats.norm.isf(0.2)
    assert found.images == pytest.approx(0.02 * 0.98 * (z / 0.02) ** 2, rel=0.02)


def test_where_seeds_are_the_noise_they_are_all_that_is_needed() -> None:
    rng = np.random.default_rng(1)
    made = []
    for accuracy in (0.82, 0.8):
        right = rng.random((5, 10_000)) < np.array(accuracy + 0.03 * rng.standard_normal(5))[:, np.newaxis]
        made.append(Network(right.mean(axis=1).tolist(), right, 1))
    found = needed(*made, 1, Rules()) or needed(*made[::-1], 1, Rules())
    assert found is not None
    assert found.seeds_and_images is not None
    assert found.seeds <= found.seeds_and_images < 2 * found.seeds
