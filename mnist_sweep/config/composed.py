"""What a command gets from the command line."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Call:
    """The composed configuration as plain data, and how it came to be.

    `overrides` are the command line's without its sweeps, which are in `sweeps` by key; `flags` say where the
    configuration lies (--config-dir, --config-name); `line` is all of it.
    """

    plain: dict[str, Any]
    config_name: str
    overrides: list[str]
    sweeps: dict[str, str]
    flags: list[str]
    line: str
