"""How much each parameter has to do with what trials have shown, and whether that can be told from chance."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.trial import TrialState, create_trial

from mnist_sweep.config.domains import Domain, contains, value_of
from mnist_sweep.config.space import Parameter, holds
from mnist_sweep.search.distributions import distribution

FEWEST = 4  # trials
MOST = 1000  # trials that are looked at; more tell nothing new
DRAWS = 60  # resampled trials, and permuted values: for an interval, and for what chance makes
WORK = 6000  # trials in all draws: with many trials fewer draws do
INTERVAL = (5, 95)  # percentiles
CHANCE = 95  # percentile


@dataclass(frozen=True)
class Importance:
    """A parameter's share of the influence of all of them.

    Attributes:
        key: The parameter.
        share: From 0 to 1; all shares add up to 1.
        low, high: The 90% interval of the share, over resampled trials.
        is_told: Whether the share is beyond what 95% of permutations of the values make of it.
    """

    key: str
    share: float
    low: float
    high: float
    is_told: bool


def _shares(trials: Sequence[optuna.trial.FrozenTrial]) -> dict[str, float]:
    """Returns PED-ANOVA's shares (Watanabe et al., 2023), for values of which less is better; empty if there are none.

    Parameters that only some trials have, under a condition, are among them (https://arxiv.org/abs/2601.20800).
    """
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances  # scikit-learn comes with it

    study = optuna.create_study()
    study.add_trials(trials)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it is inaccurate with few trials: the interval says so
            found = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
    except (ValueError, RuntimeError, KeyError):
        return {}
    return {key: value for key, value in found.items() if value == value}  # noqa: PLR0124 - NaN is not itself


def _domains(parameters: Sequence[Parameter], texts: Mapping[str, str]) -> dict[str, Domain]:
    """Returns the domains that a trial's values lie in; a condition counts where the trial has a value of its key."""
    found: dict[str, Domain] = {}
    for parameter in parameters:
        key, condition = parameter.key, parameter.condition
        may_hold = condition is None or condition.key not in texts or holds(condition, texts)
        if key in texts and key not in found and may_hold and contains(parameter.domain, texts[key]):
            found[key] = parameter.domain
    return found


def importances(
    parameters: Sequence[Parameter], trials: Sequence[tuple[Mapping[str, str], float]], sign: int
) -> list[Importance]:
    """Returns the importance of each parameter, the largest first; empty where there are too few trials.

    Args:
        parameters: The searched parameters.
        trials: Of each trial its values as in overrides, and what it has shown.
        sign: 1 where more is better, -1 where less is.
    """
    if len(trials) < FEWEST:
        return []
    random = np.random.default_rng(0)
    if len(trials) > MOST:
        trials = [trials[row] for row in sorted(random.choice(len(trials), MOST, replace=False))]
    points = []
    for texts, _ in trials:
        domains = _domains(parameters, texts)
        params = {key: value_of(domain, texts[key]) for key, domain in domains.items()}
        points.append((params, {key: distribution(domain) for key, domain in domains.items()}))
    costs = np.array([-sign * value for _, value in trials])

    def shares(rows: Sequence[int], values: NDArray[np.float64]) -> dict[str, float]:
        return _shares([
            create_trial(state=TrialState.COMPLETE, value=float(value), params=params, distributions=distributions)
            for (params, distributions), value in zip((points[row] for row in rows), values, strict=True)
        ])  # fmt: skip

    everything = list(range(len(points)))
    found = shares(everything, costs)
    if not found or sum(found.values()) == 0:
        return []
    draws = max(10, min(DRAWS, WORK // len(points)))
    resampled = [random.integers(0, len(points), len(points)) for _ in range(draws)]
    bootstrap = [shares(list(rows), costs[rows]) for rows in resampled]
    permuted = [shares(everything, random.permutation(costs)) for _ in range(draws)]
    result = []
    for key, share in found.items():
        low, high = np.percentile([one.get(key, 0.0) for one in bootstrap], INTERVAL)
        chance = np.percentile([one.get(key, 0.0) for one in permuted], CHANCE)
        result.append(Importance(key, share, min(float(low), share), max(float(high), share), share > float(chance)))
    return sorted(result, key=lambda one: -one.share)
