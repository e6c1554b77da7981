"""A function by name with its arguments: a model, an optimizer, a sampler, a pruner, a task."""

import dataclasses
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mnist_sweep.config.check import check, shown
from mnist_sweep.config.errors import UserError
from mnist_sweep.config.schema import ARGUMENTS
from mnist_sweep.config.targets import check_target


@dataclass(frozen=True)
class Component:
    """A function by name (`_target_`) and its arguments: a model, or an optimizer."""

    target: str
    arguments: dict[str, Any]

    @property
    def name(self) -> str:
        """The function's own name, without its module."""
        return self.target.rpartition(".")[2]

    def plain(self, more: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Returns the section that it was made of, as plain data."""
        return {"_target_": self.target, **(more or {}), **self.arguments}


def section(plain: Any, key: str) -> dict[str, Any]:
    """Returns a section as plain data that JSON can have; raises UserError for anything else."""
    if not isinstance(plain, Mapping):
        raise UserError(f"{key} must be one of the options of its group or a mapping, got {shown(plain)}")
    _check_plain(plain, key)
    return dict(plain)


def _check_plain(value: Any, key: str) -> None:
    """Raises UserError for what JSON can't have, such as a date or a key that is no text."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            if not isinstance(name, str):
                raise UserError(f"{key} has a key that is not text: {shown(name)}")
            _check_plain(item, f"{key}.{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_plain(item, f"{key}.{index}")
    elif isinstance(value, float) and not math.isfinite(value):
        raise UserError(f"{key} must be a finite number, got {value}")
    elif not (value is None or isinstance(value, bool | int | float | str)):
        raise UserError(f"{key} must be text, a number, true, false, null, a list or a mapping, got {shown(value)}")


def parse_component(plain: Any, key: str, allowed: Iterable[str]) -> Component:
    """Returns a `_target_` with its arguments.

    Args:
        plain: The section, as plain data.
        key: Its key, for messages.
        allowed: The modules and names that a configuration may call.

    Raises:
        UserError: It is not allowed, or an argument is out of range.
    """
    arguments = section(plain, key)
    target = check_target(arguments, key, allowed)
    arguments.pop("_target_")
    if kind := ARGUMENTS.get(key, {}).get(target):
        arguments = dataclasses.asdict(check(kind, arguments, key))
    return Component(target, arguments)
