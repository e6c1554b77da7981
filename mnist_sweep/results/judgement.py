"""Which networks are better than which, on these images and on other images too, and which one is recommended."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mnist_sweep.results.differences import Difference, components, over_images, over_seeds
from mnist_sweep.results.permutations import Looks, once, permutation, smallest_p
from mnist_sweep.results.statistics import LEVEL, holm


@dataclass(frozen=True)
class Network:
    """What the runs of a network reached.

    Attributes:
        values: Test accuracies or objectives, one for each seed.
        right: Which images each run predicts correctly, of shape (seeds, images); None without a test set.
        cost: What is saved where networks tie, such as parameters.
    """

    values: Sequence[float]
    right: NDArray[np.bool_] | None
    cost: float

    @property
    def mean(self) -> float:
        """The mean over the seeds."""
        return float(np.mean(self.values))


@dataclass(frozen=True)
class Rules:
    """How networks are compared.

    Attributes:
        looks: After how many seeds; None for once, at the end.
        groups: The group of each image, from 0 without gaps; None where each image stands for itself.
        sign: 1 where more is better, -1 where less is.
    """

    looks: Looks | None = None
    groups: NDArray[np.int64] | None = None
    sign: int = 1


@dataclass(frozen=True)
class Beside:
    """A network beside another one.

    Attributes:
        seeds: The difference on these images; its p is of the permutation test.
        images: The difference on other images, None without a test set.
    """

    seeds: Difference
    images: Difference | None

    @property
    def p(self) -> float:
        """The p-value of a difference on other seeds and other images: both tests have to reject."""
        return self.seeds.p if self.images is None else max(self.seeds.p, self.images.p)


def beside(network: Network, other: Network, rules: Rules = Rules()) -> Beside:
    """Returns a network beside another one, before any correction.

    Args:
        network: The network.
        other: The other one.
        rules: How they are compared.
    """
    unit = 0.0 if network.right is None else 1 / network.right.shape[1]
    p = permutation(network.values, other.values, rules.looks, unit)
    images = None
    if network.right is not None and other.right is not None:
        images = over_images(components(network.right, other.right, rules.groups))
    return Beside(replace(over_seeds(network.values, other.values, rules.sign), p=p), images)


def against(networks: Mapping[int, Network], one: int, rules: Rules = Rules()) -> dict[int, Beside]:
    """Returns all other networks beside one, each of the two p-values corrected for the number of comparisons."""
    found = {number: beside(networks[number], networks[one], rules) for number in networks if number != one}
    seeds = holm([each.seeds.p for each in found.values()])
    images = holm([each.images.p if each.images else 1.0 for each in found.values()])
    return {
        number: Beside(replace(each.seeds, p=p), each.images and replace(each.images, p=p_images))
        for (number, each), p, p_images in zip(found.items(), seeds, images, strict=True)
    }


def better_than(found: Mapping[int, Beside], p_of: Callable[[Beside], float], sign: int = 1) -> list[int]:
    """Returns the networks that are significantly better than the one that they are compared with.

    Args:
        found: The comparisons.
        p_of: Returns the corrected p-value that counts.
        sign: 1 where more is better, -1 where less is.
    """
    return [number for number, each in found.items() if p_of(each) <= LEVEL and sign * each.seeds.mean > 0]


@dataclass(frozen=True)
class Judgement:
    """What is significant.

    Attributes:
        best: The best network on average.
        better: Those that are better than the baseline, on other images too.
        better_here: Those that are better than the baseline on these images alone.
        tied: Those that can't be told from the best; the baseline counts among them unless the best is better.
        recommended: The cheapest of these.
        beside_baseline: All others beside the baseline.
        beside_best: All others beside the best.
    """

    best: int
    better: tuple[int, ...]
    better_here: tuple[int, ...]
    tied: tuple[int, ...]
    recommended: int
    beside_baseline: dict[int, Beside]
    beside_best: dict[int, Beside]


def judge(networks: Mapping[int, Network], baseline: int | None, rules: Rules = Rules()) -> Judgement:
    """Compares networks by their values over seeds.

    Where there are too few values to tell anything apart, the best is recommended.

    Args:
        networks: The networks.
        baseline: The network that is the baseline, None where there is none.
        rules: How they are compared.
    """
    sign = rules.sign
    best = max(networks, key=lambda number: (sign * networks[number].mean, -networks[number].cost))
    beside_best = against(networks, best, rules)
    beside_baseline = {} if baseline is None else against(networks, baseline, rules)
    better = better_than(beside_baseline, lambda each: each.p, sign)
    here = [number for number in better_than(beside_baseline, lambda each: each.seeds.p, sign) if number not in better]

    def is_tied(number: int, each: Beside) -> bool:
        if number == baseline:  # it counts unless the best is better, on other images too
            return best not in better
        return each.p > LEVEL

    tied = (best, *(number for number, each in beside_best.items() if is_tied(number, each)))
    looks = rules.looks or once(min(len(network.values) for network in networks.values()))
    is_blind = smallest_p(looks, len(networks) - 1) > LEVEL
    among = tuple(networks) if is_blind else tied
    recommended = best if is_blind else min(tied, key=lambda one: (networks[one].cost, -sign * networks[one].mean))
    return Judgement(best, tuple(better), tuple(here), among, recommended, beside_baseline, beside_best)
