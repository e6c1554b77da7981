"""Sampler and pruner as the configuration names them."""

import inspect
import warnings
from typing import Any

import optuna
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler

from mnist_sweep.config import Component, UserError
from mnist_sweep.config.check import nearest
from mnist_sweep.config.targets import resolve


def _build(config: Component, key: str, kind: type, more: dict[str, Any]) -> Any:
    """An instance; a wrong argument raises UserError that names its key."""
    found = resolve(config.target, key)
    if not (inspect.isclass(found) and issubclass(found, kind)):
        raise UserError(f"{key}._target_ must be a {kind.__name__[4:].lower()} of Optuna, got {config.target}")
    known = inspect.signature(found).parameters
    for name in config.arguments:
        if name not in known:
            raise UserError(f"{key}.{name} is not a known key{nearest(name, known)}")
    arguments = {**config.arguments, **{name: value for name, value in more.items() if name in known}}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return found(**arguments)
    except (TypeError, ValueError, AssertionError) as error:
        raise UserError(f"{key} ({config.target.rpartition('.')[2]}) can't be made: {error}") from None


def build_sampler(config: Component, seed: int) -> BaseSampler:
    """The sampler, with this seed unless the configuration gives one; raises UserError."""
    arguments: dict[str, Any] = {} if config.arguments.get("seed") is not None else {"seed": seed}
    sampler: BaseSampler = _build(config, "sampler", BaseSampler, arguments)
    return sampler


def build_pruner(config: Component) -> BasePruner:
    """The pruner; raises UserError."""
    pruner: BasePruner = _build(config, "pruner", BasePruner, {})
    return pruner
