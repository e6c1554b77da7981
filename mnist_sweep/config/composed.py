"""What a command gets from the command line."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mnist_sweep.config.compose import FREE, Composer
from mnist_sweep.config.domains import middle, parse_domain
from mnist_sweep.config.flatten import flatten
from mnist_sweep.config.spelling import dotted


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


def with_parameters(composed: Composed) -> Composed:
    """Returns what was composed with a value for each searched key of `params` that has none: the middle of its range.

    Raises:
        UserError: A range can't be read.
    """
    search = composed.config.get("search")
    space = search.get("space") if isinstance(search, Mapping) else None
    searched = {**(dotted(space) if isinstance(space, Mapping) else {}), **composed.sweeps}
    when = search.get("when") if isinstance(search, Mapping) else None
    for more in when.values() if isinstance(when, Mapping) else ():
        searched |= {key: text for key, text in (dotted(more) if isinstance(more, Mapping) else {}).items()
                     if key not in searched}  # fmt: skip
    known = flatten(composed.config)
    missing = {key: text for key, text in searched.items() if key.startswith(FREE) and key not in known}
    if not missing or "params" not in composed.config:
        return composed
    # Only the composer has them: an override of the command line would take the key out of the space.
    texts = [*composed.overrides, *(f"{key}={middle(parse_domain(key, text))}" for key, text in missing.items())]
    composer = composed.composer.with_base(texts)
    base = composer.plain_base()
    return replace(composed, config={**composed.config, "params": base["params"]}, composer=composer)
