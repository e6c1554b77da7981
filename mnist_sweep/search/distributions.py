"""The search space as Optuna's distributions."""

from collections.abc import Iterable
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import Trial

from mnist_sweep.config.domains import Choice, Domain
from mnist_sweep.config.space import Parameter


def distribution(domain: Domain) -> BaseDistribution:
    """Returns a domain as Optuna's distribution."""
    if isinstance(domain, Choice):
        return CategoricalDistribution(domain.values)
    if domain.is_integer:
        assert isinstance(domain.low, int)
        assert isinstance(domain.high, int)
        return IntDistribution(domain.low, domain.high, log=domain.log, step=int(domain.step or 1))
    return FloatDistribution(domain.low, domain.high, log=domain.log, step=domain.step)


def suggest(trial: Trial, key: str, domain: Domain) -> Any:
    """Returns the value that Optuna suggests for a key of a running trial.

    Args:
        trial: The trial.
        key: The searched key.
        domain: Its domain.
    """
    if isinstance(domain, Choice):
        return trial.suggest_categorical(key, domain.values)
    if domain.is_integer:
        return trial.suggest_int(key, int(domain.low), int(domain.high), step=int(domain.step or 1), log=domain.log)
    return trial.suggest_float(key, domain.low, domain.high, step=domain.step, log=domain.log)


def in_order(parameters: Iterable[Parameter]) -> list[Parameter]:
    """Returns the parameters, each behind those that its condition refers to."""
    rest = list(parameters)
    ordered: list[Parameter] = []
    while rest:
        waiting = {parameter.key for parameter in rest}
        ready = [p for p in rest if p.condition is None or p.condition.key not in waiting or p.condition.key == p.key]
        ordered += ready or rest
        rest = [p for p in rest if p not in ordered]
    return ordered
