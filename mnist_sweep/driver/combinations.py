"""Combinations of searched values that no network can be built from, counted before a trial starts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mnist_sweep.config import UserError
from mnist_sweep.config.compose import Composer
from mnist_sweep.config.schema import OF_SHAPE
from mnist_sweep.config.space import Parameter
from mnist_sweep.search.distributions import in_order
from mnist_sweep.search.samplers.grid import points, values
from mnist_sweep.search.samplers.untried import literals
from mnist_sweep.tasks.data import Description, check_against

MOST = 1000  # combinations; of more the first is told at the end


@dataclass(frozen=True)
class Impossible:
    """Combinations that can't be trained.

    Attributes:
        count: How many there are.
        total: Of how many.
        keys: The searched keys that they are combinations of.
        reason: What is wrong with the first one.
        never: The values, such as model.pool_size=9, that are in no other combination.
    """

    count: int
    total: int
    keys: tuple[str, ...]
    reason: str
    never: tuple[str, ...] = ()

    def __str__(self) -> str:
        """One line."""
        return (
            f"{self.count} of {self.total} combinations of {', '.join(self.keys)} can't be built, and are not drawn; "
            f"the first: {self.reason}" + (f"; never drawn: {', '.join(self.never)}" if self.never else "")
        )


def _shaping(parameters: Sequence[Parameter]) -> list[Parameter]:
    """Returns the parameters that decide whether a network can be built, and those that their conditions refer to."""
    keys = {one.key for one in parameters if one.key.rpartition(".")[2] in OF_SHAPE and _count(one)}
    waiting = list(keys)
    while waiting:
        key = waiting.pop()
        referred = {one.condition.key for one in parameters if one.key == key and one.condition is not None} - keys
        waiting += referred
        keys |= referred
    return in_order([one for one in parameters if one.key in keys])


def _count(parameter: Parameter) -> int:
    """Returns how many values a parameter has, 0 where they can't be listed."""
    try:
        return len(values(parameter.key, parameter.domain))
    except UserError:
        return 0


def impossible(
    composer: Composer, parameters: Sequence[Parameter], base: Mapping[str, str], description: Description
) -> Impossible | None:
    """Returns the combinations that can't be trained, None if there are none or too many to look at.

    Args:
        composer: Composes trials.
        parameters: The search space.
        base: The base configuration's values.
        description: The data that they are trained on.

    Raises:
        UserError: None of them can be trained.
    """
    shaping = _shaping(parameters)
    keys = tuple(dict.fromkeys(one.key for one in shaping))
    if len(keys) < 2 or not 0 < math.prod(map(_count, shaping)) <= MOST:
        return None
    reasons: list[str] = []
    drawn: set[tuple[str, str]] = set()
    listed = [literals(shaping, base, point) for point in points(shaping, base, 0)]
    for overrides in listed:
        try:
            check_against(composer.config(overrides), description)
        except UserError as error:
            reasons.append(str(error))
        else:
            drawn |= overrides.items()
    if not reasons:
        return None
    never = tuple(f"{key}={text}" for key, text in sorted({pair for one in listed for pair in one.items()} - drawn))
    found = Impossible(len(reasons), len(listed), keys, reasons[0], never)
    if found.count == found.total:
        raise UserError(f"search.space has no combination that a network can be built from: {found.reason}")
    return found
