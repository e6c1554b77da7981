"""Sampler and pruner as the configuration names them."""

import builtins
import inspect
import typing
import warnings
from collections.abc import Mapping
from typing import Any

import optuna
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError

from mnist_sweep.config import Component, UserError
from mnist_sweep.config.check import nearest, shown
from mnist_sweep.config.targets import resolve
from mnist_sweep.search.pruners.asha import SuccessiveHalvingPruner


def _build(config: Component, key: str, kind: type, more: dict[str, Any]) -> Any:
    """An instance; a wrong argument raises UserError that names its key."""
    found = resolve(config.target, key)
    if not (inspect.isclass(found) and issubclass(found, kind)):
        raise UserError(f"{key}._target_ must be a {kind.__name__[4:].lower()} of Optuna, got {config.target}")
    known = inspect.signature(found).parameters
    for name in config.arguments:
        if name not in known:
            raise UserError(f"{key}.{name} is not a known key{nearest(name, known)}")
    _check_types(config, key, found)
    arguments = {**config.arguments, **{name: value for name, value in more.items() if name in known}}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return found(**arguments)
    except (TypeError, ValueError, AssertionError) as error:
        raise UserError(f"{key} ({config.target.rpartition('.')[2]}) can't be made: {error}") from None


# Counts that may be 0; all others begin at 1.
FROM_ZERO = ("n_startup_trials", "n_warmup_steps", "min_early_stopping_rate", "bootstrap_count")


class _Unknown:
    """Stands for a type that only type checkers know."""

    def __class_getitem__(cls, _parameters: Any) -> "type[_Unknown]":
        return cls


class _Names(dict[str, Any]):
    """Gives `_Unknown` for names that are neither a module's nor Python's own."""

    def __init__(self, module: Mapping[str, Any]) -> None:
        super().__init__()
        self.module = module

    def __missing__(self, name: str) -> Any:
        if name in self.module or hasattr(builtins, name):
            raise KeyError(name)
        return _Unknown


def _check_types(config: Component, key: str, kind: type) -> None:
    """Raises UserError for an argument that is not of the type that Optuna documents, and for negative counts."""
    init = inspect.unwrap(kind.__init__)  # type: ignore[misc]
    hints = typing.get_type_hints(init, localns=_Names(getattr(init, "__globals__", {})))
    for name, value in config.arguments.items():
        if name in hints and _Unknown.__name__ not in str(hints[name]):
            try:
                adapter: TypeAdapter[Any] = TypeAdapter(hints[name], config=ConfigDict(arbitrary_types_allowed=True))
                adapter.validate_python(value, strict=True)
            except ValidationError:
                expected = str(getattr(hints[name], "__name__", hints[name])).replace("typing.", "")
                raise UserError(f"{key}.{name} must be {expected}, got {shown(value)}") from None
            except PydanticSchemaGenerationError:
                continue
        least = 0 if name in FROM_ZERO else 1
        if (
            name.startswith(("n_", "min_", "max_", "interval_", "bootstrap_"))
            and isinstance(value, int)
            and value < least
        ):
            raise UserError(f"{key}.{name} must be at least {least}, got {shown(value)}")


def build_sampler(config: Component, seed: int) -> BaseSampler:
    """The sampler, with this seed unless the configuration gives one; raises UserError."""
    arguments: dict[str, Any] = {} if config.arguments.get("seed") is not None else {"seed": seed}
    sampler: BaseSampler = _build(config, "sampler", BaseSampler, arguments)
    return sampler


def build_pruner(config: Component) -> BasePruner:
    """The pruner; raises UserError."""
    pruner: BasePruner = _build(config, "pruner", BasePruner, {})
    if type(pruner) is optuna.pruners.SuccessiveHalvingPruner:
        return SuccessiveHalvingPruner(**config.arguments)  # the same at a price that does not grow
    return pruner
