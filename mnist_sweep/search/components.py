"""Sampler and pruner as the configuration names them."""

import inspect
import warnings
from collections.abc import Sequence
from typing import Any

import optuna
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler

from mnist_sweep.config import Component, Settings, UserError
from mnist_sweep.config.check import nearest, shown
from mnist_sweep.config.domains import Domain, contains, value_of
from mnist_sweep.config.prior import parse_prior
from mnist_sweep.config.space import Parameter
from mnist_sweep.config.targets import resolve
from mnist_sweep.search.samplers.grid import GridSampler
from mnist_sweep.search.samplers.prior import Guess, PriorSampler

COUNTS = ("n_", "min_", "max_", "interval_", "bootstrap_")
# Counts that may be 0; all others begin at 1.
FROM_ZERO = ("n_startup_trials", "n_startup_steps", "n_warmup_steps", "min_early_stopping_rate", "bootstrap_count")


def _build(config: Component, key: str, kind: type, more: dict[str, Any]) -> Any:
    """Returns an instance; raises UserError that names the key of a wrong argument."""
    found = resolve(config.target, f"{key}._target_")
    if not (inspect.isclass(found) and issubclass(found, kind)):
        raise UserError(f"{key}._target_ must be a {kind.__name__[4:].lower()} of Optuna, got {config.target}")
    known = inspect.signature(found).parameters
    for name, value in config.arguments.items():
        if name not in known:
            raise UserError(f"{key}.{name} is not a known key{nearest(name, known)}")
        _check_argument(key, name, value, known[name])
    arguments = {**config.arguments, **{name: value for name, value in more.items() if name in known}}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return found(**arguments)
    except (TypeError, ValueError, AssertionError) as error:
        raise UserError(f"{key} ({config.target.rpartition('.')[2]}) can't be made: {error}") from None


# The types that Optuna's signatures name, and that can be written in a configuration.
TYPES: dict[str, tuple[type, ...]] = {"int": (int,), "bool": (bool,), "float": (int, float), "str": (str,),
                                      "None": (type(None),)}  # fmt: skip


def _check_argument(key: str, name: str, value: Any, parameter: inspect.Parameter) -> None:
    """Raises UserError for an argument of another type than its signature says, and for negative counts."""
    annotation = parameter.annotation
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    names = [part.strip() for part in text.split("|")]
    if all(part in TYPES for part in names):
        kinds = tuple(kind for part in names for kind in TYPES[part])
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise UserError(f"{key}.{name} must be {text}, got {shown(value)}")
    least = 0 if name in FROM_ZERO else 1
    if name.startswith(COUNTS) and "int" in names and isinstance(value, int) and value < least:
        raise UserError(f"{key}.{name} must be at least {least}, got {shown(value)}")


def build_sampler(config: Component, seed: int) -> BaseSampler:
    """Returns the sampler that a configuration names.

    Args:
        config: Its class and arguments.
        seed: The seed unless the configuration has one.

    Raises:
        UserError: An argument is unknown or wrong.
    """
    arguments: dict[str, Any] = {} if config.arguments.get("seed") is not None else {"seed": seed}
    sampler: BaseSampler = _build(config, "sampler", BaseSampler, arguments)
    return sampler


def build_guided_sampler(settings: Settings, parameters: Sequence[Parameter]) -> BaseSampler:
    """Returns the sampler of the configuration, within one that follows `search.prior` where there is one.

    Args:
        settings: Sampler, seed and prior.
        parameters: The search space.

    Raises:
        UserError: An argument of the sampler is wrong, or the prior fits neither space nor sampler.
    """
    sampler = build_sampler(settings.sampler, settings.study.seed)
    domains: dict[str, list[Domain]] = {}
    for parameter in parameters:
        domains.setdefault(parameter.key, []).append(parameter.domain)
    prior = parse_prior(settings.search.prior, domains)
    if not prior:
        return sampler
    if isinstance(sampler, GridSampler):
        raise UserError("search.prior must be empty with sampler=grid, which tries every combination")
    guesses = {}
    for key, one in prior.items():
        domain = next(domain for domain in domains[key] if contains(domain, one.text))
        guesses[key] = Guess(value_of(domain, one.text), one.width)
    return PriorSampler(sampler, guesses, settings.study.seed)


def build_pruner(config: Component) -> BasePruner:
    """Returns the pruner that a configuration names; raises UserError for a wrong argument."""
    pruner: BasePruner = _build(config, "pruner", BasePruner, {})
    return pruner
