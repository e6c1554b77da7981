"""Trials that no sampler draws, such as the baseline: their values as points of Optuna's distributions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mnist_sweep.config.domains import Choice, Range, as_number
from mnist_sweep.config.space import Parameter, active


@dataclass(frozen=True)
class Given:
    """A trial that a person names.

    Attributes:
        overrides: What it is on top of the base configuration, whether or not that lies in the search space.
        values: The values of its configuration, as in overrides, and the options of its groups.
        origin: Where it is named, such as search.start.
    """

    overrides: Mapping[str, str]
    values: Mapping[str, str]
    origin: str


def given_params(parameters: Sequence[Parameter], base: Mapping[str, str]) -> dict[str, Any]:
    """Returns those of a configuration's values that Optuna's distributions can represent, in their range or not.

    Args:
        parameters: The search space.
        base: The configuration's values of all parameters, and of all keys in their conditions.
    """
    fixed: dict[str, Any] = {}
    for key, domain in active(parameters, base).items():
        text = base.get(key)
        if text is None:
            continue
        if isinstance(domain, Choice):
            fixed |= {key: value for value in _equal(domain, text)[:1]}  # noqa: B035 - one at most
        elif (number := as_number(text)) is not None and _representable(domain, number):
            fixed[key] = int(number) if domain.is_integer else number
    return fixed


def is_point(parameters: Sequence[Parameter], values: Mapping[str, str]) -> bool:
    """Returns whether Optuna's distributions can represent all searched values of a configuration, in range or not."""
    return set(given_params(parameters, values)) == set(active(parameters, values))


def _representable(domain: Range, number: float) -> bool:
    """Whether a number can be a value of Optuna's distribution: it may be out of range, but has a logarithm."""
    return (number.is_integer() or not domain.is_integer) and (number > 0 or not domain.log)


def _equal(domain: Choice, text: str) -> list[Any]:
    """Returns the values of a choice that equal what is written: 0 equals 0.0."""
    number = as_number(text)
    pairs = zip(domain.values, domain.literals, strict=True)
    return [value for value, other in pairs if other == text or (number is not None and as_number(other) == number)]
