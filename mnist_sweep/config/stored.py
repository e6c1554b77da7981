"""A configuration file that is to be run may come from anybody: it must not run code or read what it does not need."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mnist_sweep.config.check import shown
from mnist_sweep.config.compose import key_of
from mnist_sweep.config.errors import UserError

GROUPS = ("task", "data", "model", "optimizer", "train", "search", "sampler", "pruner", "runtime", "study", "tracking",
          "experiment")  # fmt: skip
_DEFAULT = re.compile(r"(override |optional )*/?(\w+)")
_PREFIX = re.compile(r"^(override |optional )*/?")  # of a name in a defaults list
_OPTION = re.compile(r"(?!hydra)\w[\w/-]*")


def _texts(value: Any, key: str) -> Iterator[tuple[str, str]]:
    """Returns all texts of nested data, keys included, each with its key."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            below = f"{key}.{name}" if key else str(name)
            yield below, str(name)
            yield from _texts(item, below)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, f"{key}.{index}")
    elif isinstance(value, str):
        yield key, value


def _check_default(item: Any) -> None:
    pairs = list(item.items()) if isinstance(item, Mapping) else []
    if (isinstance(item, str) and _OPTION.fullmatch(item)) or (
        len(pairs) == 1
        and (match := _DEFAULT.fullmatch(str(pairs[0][0])))
        and match[2] in GROUPS
        and (pairs[0][1] is None or _OPTION.fullmatch(str(pairs[0][1])))
    ):
        return
    raise UserError(f"defaults may name options of the groups {', '.join(GROUPS)}, got {shown(item)}")


def check_stored(content: Mapping[str, Any], where: str) -> None:
    """Raises UserError for a file that sets Hydra itself up, or has interpolations that read from elsewhere."""
    for key in content:
        if key.partition(".")[0] == "hydra":
            raise UserError(f"{where} must not set {key}: that could run code; give it on the command line")
    defaults = content.get("defaults", [])
    if not isinstance(defaults, list):
        raise UserError(f"{where}: defaults must be a list, got {shown(defaults)}")
    for item in defaults:
        _check_default(item)
    for key, text in _texts(content, ""):
        begin = text.find("${")
        if begin >= 0 and ":" in text[begin:]:
            raise UserError(
                f"{where}: {shown(key)} must not read from elsewhere (environment, files), got {shown(text)}"
            )


# What a search has, and a stored configuration has not.
OF_A_SEARCH = {"search": "default", "sampler": "tpe", "pruner": "asha"}


def with_search(overrides: Sequence[str], content: Mapping[str, Any]) -> list[str]:
    """Returns overrides with the groups that a search needs besides a stored configuration."""
    listed = content.get("defaults", [])
    if any(isinstance(one, str) and one != "_self_" for one in listed):
        return list(overrides)  # another file brings them, such as ours
    known = {*content, *(_PREFIX.sub("", str(name)) for one in listed if isinstance(one, Mapping) for name in one)}
    missing = {group: option for group, option in OF_A_SEARCH.items() if group not in known}
    found = [f"+{text}" if text.partition("=")[0] in missing else text for text in overrides]
    given = {key_of(text) for text in found}
    return [*(f"+{group}={option}" for group, option in missing.items() if group not in given), *found]
