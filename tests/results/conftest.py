"""Simulated studies whose truth is known."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

Simulate = Callable[..., list[NDArray[np.bool_]]]


@pytest.fixture
def simulate() -> Simulate:
    """Draws seeds, images, and what runs of networks predict correctly: a probit model of crossed effects."""

    def drawn(
        rng: np.random.Generator, networks: int = 2, seeds: int = 5, images: int = 1000, accuracy: float = 0.97,
        seed_effect: float = 0.05, taste: float = 0.3, luck: float = 0.4, groups: NDArray[np.int64] | None = None,
    ) -> list[NDArray[np.bool_]]:  # fmt: skip
        """Networks of equal accuracy, each of shape (seeds, images).

        `seed_effect` is what a seed changes whatever the image, `taste` what a network finds harder than the others,
        `luck` what comes with how a seed and an image meet; the difficulty of images that all share has deviation 1.
        """
        total = (1 + seed_effect**2 + taste**2 + luck**2) ** 0.5

        def by_image() -> NDArray[np.float64]:
            """Half of the variance is of the group where there are groups."""
            own = rng.standard_normal(images)
            return own if groups is None else (own + rng.standard_normal(groups.max() + 1)[groups]) / 2**0.5

        difficulty = by_image()
        found = []
        for _ in range(networks):
            of_seeds = seed_effect * rng.standard_normal((seeds, 1)) + luck * rng.standard_normal((seeds, images))
            found.append(stats.norm.ppf(accuracy) * total + difficulty + taste * by_image() + of_seeds > 0)
        return found

    return drawn
