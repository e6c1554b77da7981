"""The overrides of a search: those of its base configuration, and those with several values, which are searched."""

from collections.abc import Sequence
from dataclasses import dataclass

from mnist_sweep.config.compose import key_of
from mnist_sweep.config.errors import UserError
from mnist_sweep.config.spelling import read

SPACE = "search.space."


@dataclass(frozen=True)
class Overrides:
    """Overrides, told apart.

    Attributes:
        overrides: Those with one value.
        sweeps: Those with several values, by key, as text.
        unsearched: The keys that leave the search space, of `~search.space.KEY`.
    """

    overrides: list[str]
    sweeps: dict[str, str]
    unsearched: list[str]


def check_single(texts: Sequence[str], command: str, way_out: str = "") -> None:
    """Raises UserError for an override with several values.

    Args:
        texts: The overrides.
        command: What takes one value only, for the message.
        way_out: What to do instead, for the message.
    """
    for text in texts:
        if read(text).is_sweep_override():
            key, values = text.split("=", 1)
            raise UserError(f"{key} must have one value for {command}, got {values}{way_out}")


def told_apart(texts: Sequence[str]) -> Overrides:
    """Returns overrides, told apart.

    Raises:
        UserError: One can't be read, or two give the same key a range.
    """
    found = Overrides([], {}, [])
    for text in texts:
        override, of_space = read(text), key_of(text).startswith(SPACE)
        if of_space and text.startswith("~"):
            found.unsearched.append(key_of(text).removeprefix(SPACE))
        elif of_space or override.is_sweep_override():
            key, values = key_of(text).removeprefix(SPACE), text.partition("=")[2]
            if key in found.sweeps:
                raise UserError(f"{key} must have one range for the search, got {found.sweeps[key]} and {values}")
            found.sweeps[key] = values
        else:
            found.overrides.append(text)
    return found
