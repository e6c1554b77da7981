"""A sampler that follows a person's best guess as long as the results agree with it."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from statistics import NormalDist
from typing import Any, Literal

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

Kind = Literal["model", "uniform", "prior", "best"]
MODEL, UNIFORM = 0.5, 0.1  # shares of the trials; the rest is drawn by the guess, or around the best trial
AROUND = 0.25  # the width around the best trial
CHANGED = 0.5  # of the best trial's parameters so many are drawn anew (PriorBand)
TOP, MOST = 4, 10  # the best quarter of the trials, ten at most, say whether the guess is right
LEAST = 3  # trials before which nothing is known
BURNT = 16  # numbers of a generator whose seed the model has too


@dataclass(frozen=True)
class Guess:
    """A best guess: the value, and how uncertain it is.

    Attributes:
        value: As Optuna knows it.
        width: Of a range the standard deviation as a share of it, by its logarithm where that is searched; of a choice
            the probability of all other values together.
    """

    value: Any
    width: float


def fits(distribution: BaseDistribution, value: Any) -> bool:
    """Returns whether a value lies in a distribution: a key may have another one under another condition."""
    if isinstance(distribution, CategoricalDistribution):
        return value in distribution.choices
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    return bool(distribution.low <= value <= distribution.high)


def place(distribution: BaseDistribution, value: Any) -> float:
    """Returns where a value lies in its range, from 0 to 1."""
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    low, high = distribution.low, distribution.high
    if high == low:
        return 0.5
    return log(value / low) / log(high / low) if distribution.log else (value - low) / (high - low)


def _at(distribution: BaseDistribution, where: float) -> Any:
    """The value at a place of a range, in its steps: the inverse of `place`."""
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    low, high = distribution.low, distribution.high
    value = low * (high / low) ** where if distribution.log else low + where * (high - low)
    if step := distribution.step or 0:
        value = low + round((value - low) / step) * step
    value = min(max(value, low), high)
    return round(value) if isinstance(distribution, IntDistribution) else float(value)


def drawn(distribution: BaseDistribution, guess: Guess, uniform: float) -> Any:
    """Returns a value that is drawn around a guess.

    Args:
        distribution: Where it lies.
        guess: What it is drawn around.
        uniform: A random number from 0 to 1.
    """
    if isinstance(distribution, CategoricalDistribution):
        others = [value for value in distribution.choices if value != guess.value]
        if uniform >= guess.width or not others:
            return guess.value
        return others[min(int(uniform / guess.width * len(others)), len(others) - 1)]
    normal = NormalDist(place(distribution, guess.value), guess.width)
    low, high = normal.cdf(0.0), normal.cdf(1.0)
    return _at(distribution, normal.inv_cdf(min(max(low + uniform * (high - low), 1e-12), 1 - 1e-12)))


def density(distribution: BaseDistribution, guess: Guess, value: Any) -> float:
    """Returns the density of a value around a guess, 1 for one that is as likely as by an even draw."""
    if isinstance(distribution, CategoricalDistribution):
        count = len(distribution.choices)
        if count == 1:
            return 1.0
        return count * ((1 - guess.width) if value == guess.value else guess.width / (count - 1))
    normal = NormalDist(place(distribution, guess.value), guess.width)
    return normal.pdf(place(distribution, value)) / (normal.cdf(1.0) - normal.cdf(0.0))


class PriorSampler(BaseSampler):
    """Half of the trials are another sampler's; of the others most are drawn by the guess, or around the best trial.

    Which of the two is decided as in PriorBand (Mallik et al., 2023): by how likely the best trials are under each. So
    a wrong guess costs the few trials that show it; a tenth of all trials is drawn evenly.
    """

    def __init__(self, sampler: BaseSampler, guesses: Mapping[str, Guess], seed: int) -> None:
        """Makes the sampler.

        Args:
            sampler: The other one, such as TPE.
            guesses: The guesses, by key; not all keys need have one.
            seed: Determines the draws.
        """
        self.sampler = sampler
        self.guesses = guesses
        self._random = RandomSampler(seed)
        self._kind: Kind = "model"
        self._best: FrozenTrial | None = None

    def reseed_rng(self) -> None:
        """As Optuna's."""
        self.sampler.reseed_rng()
        self._random.reseed_rng()

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """As Optuna's."""
        self.sampler.before_trial(study, trial)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        """As Optuna's."""
        self.sampler.after_trial(study, trial, state, values)

    def _uniform(self, study: Study, trial: FrozenTrial) -> float:
        return float(self._random.sample_independent(study, trial, "uniform", FloatDistribution(0.0, 1.0)))

    def trust(self, done: Sequence[FrozenTrial]) -> float:
        """Returns the share of the guess against the surroundings of the best trial, from 0 to 1.

        Args:
            done: The best trials, the best first.
        """
        best = done[0]
        by_guess = by_best = 0.0
        for rank, trial in enumerate(done):
            guess = around = float(len(done) - rank)
            for key, one in self.guesses.items():
                distribution = trial.distributions.get(key)
                if (
                    distribution
                    and key in best.params
                    and all(fits(distribution, v) for v in (one.value, best.params[key]))
                ):
                    guess *= density(distribution, one, trial.params[key])
                    around *= density(distribution, Guess(best.params[key], AROUND), trial.params[key])
            by_guess, by_best = by_guess + guess, by_best + around
        return by_guess / (by_guess + by_best) if by_guess + by_best else 0.0

    def _choose(self, study: Study, trial: FrozenTrial) -> Kind:
        """Returns how the next trial is drawn."""
        for _ in range(BURNT):
            self._uniform(study, trial)
        first, second = self._uniform(study, trial), self._uniform(study, trial)
        sign = 1 if study.direction == StudyDirection.MAXIMIZE else -1
        trials = [one for one in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
                  if one.params and all(excess <= 0 for excess in one.constraints.values())]  # fmt: skip
        if first < MODEL:
            return "model"
        if first < MODEL + UNIFORM:
            return "uniform"
        if len(trials) < LEAST:
            return "prior"
        count = min(MOST, max(LEAST, len(trials) // TOP))
        done = heapq.nsmallest(count, trials, key=lambda one: (-sign * (one.value or 0.0), one.number))
        self._best = done[0]
        return "prior" if second < self.trust(done) else "best"

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Returns the other sampler's where that draws the trial, else nothing."""
        self._kind = self._choose(study, trial)
        return self.sampler.infer_relative_search_space(study, trial) if self._kind == "model" else {}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """As the other sampler's."""
        return self.sampler.sample_relative(study, trial, search_space) if self._kind == "model" else {}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Returns a value of the other sampler's, or one that is drawn evenly, by the guess or around the best."""
        if self._kind == "model":
            return self.sampler.sample_independent(study, trial, param_name, param_distribution)
        guess = self.guesses.get(param_name) if self._kind == "prior" else self._near_best(param_name)
        if self._kind == "uniform" or guess is None or not fits(param_distribution, guess.value):
            return self._random.sample_independent(study, trial, param_name, param_distribution)
        if self._kind == "best" and self._uniform(study, trial) >= CHANGED:
            return guess.value
        return drawn(param_distribution, guess, self._uniform(study, trial))

    def _near_best(self, key: str) -> Guess | None:
        if self._best is None or key not in self._best.params:
            return None
        return Guess(self._best.params[key], AROUND)
