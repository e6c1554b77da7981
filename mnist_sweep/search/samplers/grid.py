"""Every combination of a finite space, once.

Optuna's BruteForceSampler can't follow a first trial whose values lie outside the space, and ends a study by an
exception in ask-and-tell use, so the combinations are listed here and handed to Optuna as fixed parameters.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from optuna.samplers import RandomSampler

from mnist_sweep.config import UserError
from mnist_sweep.config.domains import Choice, Domain, Value, literal
from mnist_sweep.config.space import Parameter, holds
from mnist_sweep.search.distributions import in_order

LARGEST = 100_000


class GridSampler(RandomSampler):
    """Marks a study as a grid; `points` has the combinations."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(seed)


def values(key: str, domain: Domain) -> list[Value]:
    """Returns all values of a domain; raises UserError for one that is not finite."""
    if isinstance(domain, Choice):
        return list(domain.values)
    if domain.step is None:
        raise UserError(f"{key} must be a choice or a range for sampler=grid, got an interval of any number")
    step, low = Decimal(str(domain.step)), Decimal(str(domain.low))
    count = int((Decimal(str(domain.high)) - low) / step) + 1
    if count > LARGEST:
        raise UserError(f"{key} has {count:,} values, more than a grid of {LARGEST:,} can try; use another sampler")
    kind = int if domain.is_integer else float
    return [kind(low + index * step) for index in range(count)]


def _combinations(
    parameters: Sequence[Parameter], chosen: dict[str, Any], literals: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    if not parameters:
        yield chosen
        return
    first, rest = parameters[0], parameters[1:]
    if first.key in chosen or not holds(first.condition, literals):
        yield from _combinations(rest, chosen, literals)
        return
    for value in values(first.key, first.domain):
        more = {**literals, first.key: literal(first.domain, value)}
        yield from _combinations(rest, {**chosen, first.key: value}, more)


def points(parameters: Sequence[Parameter], base: Mapping[str, str], seed: int) -> list[dict[str, Any]]:
    """Returns all combinations of a space, in an order that the seed determines.

    Args:
        parameters: The search space.
        base: The base configuration's values.
        seed: The study's seed.

    Raises:
        UserError: There are too many.
    """
    found = []
    for point in _combinations(parameters, {}, base):
        found.append(point)
        if len(found) > LARGEST:
            raise UserError(f"search.space has over {LARGEST:,} combinations, too many for sampler=grid; use another")
    random.Random(seed).shuffle(found)  # noqa: S311 - an order, no secret
    return found


def is_finite(parameters: Sequence[Parameter], base: Mapping[str, str]) -> bool:
    """Returns whether a space has so few combinations that they can be listed."""
    try:
        points(in_order(parameters), base, 0)
    except UserError:
        return False
    return True
