"""What a command gets from the command line."""

from dataclasses import dataclass
from typing import Any

from mnist_sweep.config.compose import Composer


@dataclass(frozen=True)
class Composed:
    """A composed configuration, and how it was composed.

    Attributes:
        config: The configuration as plain data.
        composer: Composes trials on top of it.
        overrides: The overrides of the command line, without its sweeps.
        sweeps: The sweeps of the command line by key, as text.
        unsearched: The keys that the command line takes out of the search space.
        choices: The chosen option of each config group.
        trusted: The modules that `runtime.allowed_targets=` names on the command line; those of a file don't count.
        flags: The arguments that say where the configuration lies (--config-dir, --config-name).
        line: the complete command line, to be shown and stored.
    """

    config: dict[str, Any]
    composer: Composer
    overrides: list[str]
    sweeps: dict[str, str]
    unsearched: list[str]
    choices: dict[str, str]
    trusted: list[str]
    flags: list[str]
    line: str
