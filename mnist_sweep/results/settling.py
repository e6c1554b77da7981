"""How many seeds, or how many images, would settle what is still open."""

import math
from dataclasses import dataclass

import numpy as np
import scipy  # whose parts are imported when they are first used

from mnist_sweep.results.differences import components
from mnist_sweep.results.judgement import Network, Rules
from mnist_sweep.results.statistics import LEVEL

POWER = 0.8


@dataclass(frozen=True)
class Needed:
    """What it would take to show a network better than another, if the difference is what it seems.

    Attributes:
        seeds: Of each network, to show it on these images.
        seeds_and_images: Of each network, to show it on other images too; None where no number of seeds would do, or
            without a test set.
        images: The test images, with the seeds that there are; None where no number of images would do, or without a
            test set.
    """

    seeds: int
    seeds_and_images: int | None
    images: int | None


def needed(network: Network, other: Network, comparisons: int, rules: Rules) -> Needed | None:
    """Returns what it would take to show a network better than another, in four of five cases; None where it is worse.

    From the sample size of a normal test (Cohen, Statistical Power Analysis, 1988).

    Args:
        network: The network.
        other: The other one.
        comparisons: How many comparisons the level is shared by.
        rules: How they are compared.
    """
    mean = rules.sign * (network.mean - other.mean)
    if mean <= 0:
        return None
    z = float(scipy.stats.norm.isf(LEVEL / comparisons / 2) + scipy.stats.norm.isf(1 - POWER))
    spread = float(np.var(network.values, ddof=1) + np.var(other.values, ddof=1))
    allowed = (mean / z) ** 2  # of the variance of the difference
    seeds = max(2, math.ceil(spread / allowed))
    if network.right is None or other.right is None:
        return Needed(seeds, None, None)
    found = components(network.right, other.right, rules.groups)
    left = allowed - found.floor
    own = sum(runs.own / runs.seeds for runs in found.runs)
    count = network.right.shape[1]
    images = math.ceil(count * found.by_image / (allowed - own)) if allowed > own else None
    return Needed(seeds, max(seeds, math.ceil(spread / left)) if left > 0 else None, images)
