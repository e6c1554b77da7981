"""`search.prior`: a person's best guess of some keys, each with how uncertain it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mnist_sweep.config.check import nearest, shown
from mnist_sweep.config.domains import Domain, as_literal, contains
from mnist_sweep.config.errors import UserError
from mnist_sweep.config.spelling import dotted

WIDTH = 0.25
KEY = "search.prior"


@dataclass(frozen=True)
class Prior:
    """A best guess.

    Attributes:
        text: The value, as in an override.
        width: Of a range its standard deviation as a share of the range, by its logarithm where that is searched; of a
            choice the probability of all other values together. From 0 to 1.
    """

    text: str
    width: float


def parse_prior(prior: Mapping[str, Any], domains: Mapping[str, Sequence[Domain]]) -> dict[str, Prior]:
    """Returns the guesses by key.

    Args:
        prior: A value, or a list of a value and its width, for each key.
        domains: What each searched key may be.

    Raises:
        UserError: A key is not searched, or a guess is outside of its range.
    """
    found = {}
    for key, value in dotted(prior).items():
        if key not in domains:
            raise UserError(f"{KEY}.{key} is not searched{nearest(key, domains)}")
        one = _parse(key, value)
        if not any(contains(domain, one.text) for domain in domains[key]):
            raise UserError(f"{KEY}.{key} must lie in search.space, got {one.text}")
        found[key] = one
    return found


def _parse(key: str, value: Any) -> Prior:
    """A list of a value and a width, or a value; a value that is a list itself stands in one."""
    if not isinstance(value, list):
        return Prior(as_literal(value), WIDTH)
    width = value[1] if len(value) == 2 else None
    if isinstance(width, bool) or not isinstance(width, int | float) or not 0 < width <= 1:
        raise UserError(
            f"{KEY}.{key} must be a value, or a list of a value and its width from 0 to 1, such as [0.2,0.1], got "
            f"{shown(value)}"
        )
    return Prior(as_literal(value[0]), float(width))
