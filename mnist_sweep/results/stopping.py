"""Which finalists need more seeds after a look, which are decided, and which are hopeless."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import scipy  # whose parts are imported when they are first used

from mnist_sweep.results.judgement import Network, Rules
from mnist_sweep.results.permutations import Looks, permutation
from mnist_sweep.results.statistics import LEVEL, holm

HOPE = 0.05  # a finalist is hopeless where the chance that it will be told from the baseline is smaller
EFFECTS = 1.5  # the standard deviation of the effects that are expected, in standard deviations of a seed
STUDIES = 4000  # simulated for what is expected


class Verdict(StrEnum):
    """What is known of a finalist beside the baseline, on these images."""

    BETTER = "better"
    WORSE = "worse"
    HOPELESS = "hopeless"
    OPEN = "open"

    @property
    def is_final(self) -> bool:
        """Whether more seeds are not needed."""
        return self is not Verdict.OPEN


@dataclass(frozen=True)
class Standing:
    """Where a finalist stands after a look; its p-value is corrected for several finalists."""

    trial: int
    verdict: Verdict
    p: float


@dataclass(frozen=True)
class Look:
    """What was seen after so many seeds of all that were open before."""

    seeds: int
    standings: tuple[Standing, ...]

    @property
    def open(self) -> tuple[int, ...]:
        """The finalists that need more seeds."""
        return tuple(one.trial for one in self.standings if not one.verdict.is_final)

    def of(self, trial: int) -> Standing:
        """Returns where a finalist stands."""
        return next(one for one in self.standings if one.trial == trial)


def chance(network: Network, other: Network, most: int, level: float, sign: int = 1) -> float:
    """Returns the chance that a network will be significantly better than another with the most seeds.

    The predictive power (Spiegelhalter, Freedman and Blackburn, 1986) of a normal test without prior knowledge.

    Args:
        network: The network.
        other: The other one.
        most: How many seeds each has in the end.
        level: The level of the two-sided test.
        sign: 1 where more is better, -1 where less is.
    """
    seeds = min(len(network.values), len(other.values))
    left = most - seeds
    variance = float(np.var(network.values, ddof=1) + np.var(other.values, ddof=1))
    mean = sign * (network.mean - other.mean)
    if not left or not variance:
        return float(mean > 0 and left > 0)
    bound = float(scipy.stats.norm.isf(level / 2)) * (variance / most) ** 0.5
    return float(scipy.stats.norm.cdf((mean - bound) / (variance * left / (seeds * most)) ** 0.5))


def look(networks: Mapping[int, Network], baseline: int, rules: Rules, before: Look | None = None) -> Look:
    """Returns what is seen of the finalists after a look.

    A finalist that was dropped as hopeless may still be told from the baseline when others have been: the error allows
    it, as it does not count on that nobody goes on with a hopeless one.

    Args:
        networks: The finalists with the values that they have so far, and the baseline.
        baseline: The baseline.
        rules: How they are compared, with all looks.
        before: What was seen before.
    """
    assert rules.looks is not None
    base, most = networks[baseline], rules.looks.sizes[-1]
    others = [number for number in networks if number != baseline]
    unit = 0.0 if base.right is None else 1 / base.right.shape[1]
    raw = [permutation(networks[number].values, base.values, rules.looks, unit) for number in others]
    p_values = dict(zip(others, holm(raw), strict=True))
    earlier = {one.trial: one.verdict for one in before.standings} if before else {}
    undecided = [
        number for number in others if p_values[number] > LEVEL and earlier.get(number) is not Verdict.HOPELESS
    ]
    standings = []
    for number, p in p_values.items():
        network = networks[number]
        if p <= LEVEL:
            verdict = Verdict.BETTER if rules.sign * (network.mean - base.mean) > 0 else Verdict.WORSE
        elif number not in undecided:
            verdict = Verdict.HOPELESS
        else:
            is_last = len(base.values) == most
            hope = chance(network, base, most, LEVEL / len(undecided), rules.sign)
            verdict = Verdict.OPEN if is_last or hope >= HOPE else Verdict.HOPELESS
        standings.append(Standing(number, verdict, p))
    return Look(len(base.values), tuple(standings))


def expected_runs(looks: Looks, comparisons: int) -> float:
    """Returns how many runs are expected, of finalists and baseline together.

    From simulated studies with normal values, in which the finalists' effects are normal too, with a standard deviation
    of one and a half times that of a seed.

    Args:
        looks: The looks.
        comparisons: How many finalists there are besides the baseline.
    """
    rng = np.random.default_rng(0)
    effects = np.concatenate([np.zeros((STUDIES, 1)), EFFECTS * rng.standard_normal((STUDIES, comparisons))], axis=1)
    sums = np.zeros_like(effects)
    is_open = np.ones((STUDIES, comparisons), np.bool_)
    runs, before, most = 0.0, 0, looks.sizes[-1]
    for seeds, share in zip(looks.sizes, looks.shares, strict=True):
        some = seeds - before
        runs += some * float((is_open.sum(axis=1) + is_open.any(axis=1)).mean())
        sums += some * effects + some**0.5 * rng.standard_normal(sums.shape)
        means = (sums[:, 1:] - sums[:, :1]) / seeds
        bound = scipy.stats.norm.isf(LEVEL * share / comparisons / 2) * (2 / seeds) ** 0.5
        goal = scipy.stats.norm.isf(LEVEL / comparisons / 2) * (2 / most) ** 0.5
        reach = scipy.stats.norm.isf(HOPE) * (2 * (most - seeds) / (seeds * most)) ** 0.5
        is_open &= (np.abs(means) < bound) & (means + reach > goal)
        before = seeds
    return runs
