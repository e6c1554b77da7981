"""The search spaces that a study had before its present one, as config.yaml records them."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic.dataclasses import dataclass as checked

from mnist_sweep.config.check import check
from mnist_sweep.config.schema import LOOSE

KEY = "revisions"  # of config.yaml


@checked(frozen=True, config=LOOSE)
class Revision:
    """A search space that was replaced by the next one.

    Attributes:
        until: The number of the first trial that was not drawn from it.
        at: When it was replaced, in seconds since 1970.
        space, when: It, as in `search.space` and `search.when`.
    """

    until: int
    at: float
    space: dict[str, Any]
    when: dict[str, dict[str, Any]]


def revisions(plain: Mapping[str, Any]) -> Sequence[Revision]:
    """Returns the former search spaces of a stored configuration, the oldest first; raises UserError."""
    return [check(Revision, one, KEY) for one in plain.get(KEY, [])]
