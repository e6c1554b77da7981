"""The first trial: the base configuration's own values as points of Optuna's distributions."""

from collections.abc import Mapping, Sequence
from typing import Any

from mnist_sweep.config.space import Choice, Parameter, holds
from mnist_sweep.search.trials import as_number


def baseline_params(parameters: Sequence[Parameter], base: Mapping[str, str]) -> dict[str, Any]:
    """Returns those of the base configuration's values that Optuna's distributions can represent.

    Args:
        parameters: The search space.
        base: The base configuration's values of all parameters, and of all keys in their conditions.
    """
    fixed: dict[str, Any] = {}
    for parameter in parameters:
        text = base.get(parameter.key)
        domain = parameter.domain
        if text is None or not holds(parameter.condition, base):
            continue
        if isinstance(domain, Choice):
            fixed |= {parameter.key: value for value in _equal(domain, text)[:1]}  # noqa: B035 - one at most
        elif (number := as_number(text)) is not None and (number.is_integer() or not domain.is_integer):
            fixed[parameter.key] = int(number) if domain.is_integer else number
    return fixed


def _equal(domain: Choice, text: str) -> list[Any]:
    """Returns the values of a choice that equal what is written: 0 equals 0.0."""
    number = as_number(text)
    pairs = zip(domain.values, domain.literals, strict=True)
    return [value for value, other in pairs if other == text or (number is not None and as_number(other) == number)]
