"""Combinations of searched values that no network can be built from, counted before a trial starts."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mnist_sweep.config import UserError
from mnist_sweep.config.compose import Composer
from mnist_sweep.config.domains import literal
from mnist_sweep.config.schema import OF_SHAPE
from mnist_sweep.config.space import Parameter, holds
from mnist_sweep.search.samplers.grid import values
from mnist_sweep.tasks.data import Description, check_against

MOST = 5000  # combinations; more are checked as their trials come


@dataclass(frozen=True)
class Impossible:
    """Combinations that can't be trained.

    Attributes:
        count: How many there are.
        total: Of how many.
        keys: The searched keys that they are combinations of.
        reason: What is wrong with the first one.
    """

    count: int
    total: int
    keys: tuple[str, ...]
    reason: str

    def __str__(self) -> str:
        """One line."""
        return (
            f"{self.count} of {self.total} combinations of {', '.join(self.keys)} can't be built, and are not drawn; "
            f"the first: {self.reason}"
        )


def _values(parameter: Parameter) -> list[str] | None:
    """Returns all values of a parameter as in overrides, None where they can't be listed."""
    try:
        return [literal(parameter.domain, value) for value in values(parameter.key, parameter.domain)]
    except UserError:
        return None


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
    shaping = [p for p in parameters if p.key.rpartition(".")[2] in OF_SHAPE and holds(p.condition, base)]
    listed = {p.key: texts for p in shaping if (texts := _values(p)) is not None}
    total = math.prod(len(one) for one in listed.values())
    if len(listed) < 2 or total > MOST:
        return None
    reasons = []
    for combination in itertools.product(*listed.values()):
        try:
            check_against(composer.config(dict(zip(listed, combination, strict=True))), description)
        except UserError as error:
            reasons.append(str(error))
    if not reasons:
        return None
    found = Impossible(len(reasons), total, tuple(listed), reasons[0])
    if found.count == found.total:
        raise UserError(f"search.space has no combination that a network can be built from: {found.reason}")
    return found
