"""What a person can ask of Hydra itself: what would have no effect is refused, with what to write instead."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mnist_sweep.config.compose import key_of
from mnist_sweep.config.errors import UserError
from mnist_sweep.config.flatten import is_within
from mnist_sweep.config.spelling import read

TAKEN = ("hydra.searchpath", "hydra.callbacks", "hydra.help", "hydra.hydra_help")
OF_MULTIRUN = ("hydra.launcher", "hydra.sweeper")
INSTEAD = {
    "hydra.sweeper.params": "write its parameters as they are, such as 'model.dropout=interval(0,0.5)'",
    "hydra.sweeper": "sweep searches by itself: see search, sampler and study.name",
    "hydra.launcher": "see runtime.workers",
    "hydra.run": "studies lie in runs_folder, and are named by study.name",
    "hydra.sweep": "studies lie in runs_folder, and are named by study.name",
    "hydra.overrides": "it holds what the command line says",
}


def _first_around(key: str, others: Sequence[str]) -> str | None:
    """Returns the first of some keys that a key is, or is part of."""
    return next((other for other in others if is_within(key, other)), None)


def check_hydras_own(overrides: Sequence[str], multirun: bool) -> None:
    """Checks overrides of Hydra's own keys.

    Args:
        overrides: The overrides of the command line.
        multirun: Whether --multirun is given.

    Raises:
        UserError: One would have no effect.
    """
    for override in overrides:
        key = key_of(override).replace("/", ".")
        if key.partition(".")[0] != "hydra" or _first_around(key, (*TAKEN, *(OF_MULTIRUN if multirun else ()))):
            continue
        hint = INSTEAD.get(
            _first_around(key, tuple(INSTEAD)) or "", "trials have their files and logs in their folders"
        )
        raise UserError(f"{key_of(override)} can't be set, it would have no effect: {hint}")


def _folders(flags: Sequence[str], overrides: Sequence[str]) -> list[Path]:
    """Returns the folders of a person's own configuration: --config-dir and hydra.searchpath."""
    found = [Path(value) for name, value in itertools.pairwise(flags) if name == "--config-dir"]
    for override in overrides:
        if key_of(override) == "hydra.searchpath":
            value = read(override, "hydra.searchpath").value()
            for text in value if isinstance(value, list) else [value]:
                scheme, separator, path = str(text).rpartition("://")
                found += [Path(path)] if not separator or scheme == "file" else []  # as Hydra reads it, undecoded
    return found


def check_own_files(flags: Sequence[str], overrides: Sequence[str], shipped: Path) -> None:
    """Checks that no file of a person's own has the name of one of ours, which Hydra would take instead.

    Args:
        flags: The arguments that say where the configuration lies.
        overrides: The overrides of the command line.
        shipped: The folder of the shipped configuration.

    Raises:
        UserError: There is one, with another content.
    """
    for folder in _folders(flags, overrides):
        if folder.resolve() == shipped.resolve():
            continue
        for ours in sorted(shipped.rglob("*.yaml")):
            own = folder / ours.relative_to(shipped)
            if own.is_file() and own.read_bytes() != ours.read_bytes():
                raise UserError(f"{own} would not be used: a shipped option has its name; give it another one, such "
                                f"as my_{own.name}")  # fmt: skip


@dataclass(frozen=True)
class OfFiles:
    """What files say in `hydra.sweeper.params`, where Hydra's own sweepers look for the parameters of a search.

    Attributes:
        sweeps: The ranges by key, but for keys that the command line fixes or takes out of the space.
        plain: The configuration, whose space has the latter, so that they can be taken out of it.
    """

    sweeps: dict[str, str]
    plain: dict[str, Any]


def parameters_of_files(
    plain: dict[str, Any], params: Mapping[str, Any] | None, overrides: Sequence[str], unsearched: Sequence[str]
) -> OfFiles:
    """Returns what files say of the parameters of a search.

    Args:
        plain: The configuration, as plain data.
        params: `hydra.sweeper.params`.
        overrides: The overrides of the command line, without its sweeps.
        unsearched: The keys that it takes out of the space.
    """
    found = {str(key): str(text) for key, text in (params or {}).items()}
    named = {*map(key_of, overrides), *unsearched}
    sweeps = {key: text for key, text in found.items() if key not in named}
    taken_out = {key: found[key] for key in unsearched if key in found}
    search = plain.get("search")
    if taken_out and isinstance(search, Mapping) and isinstance(search.get("space"), Mapping):
        plain = {**plain, "search": {**search, "space": {**search["space"], **taken_out}}}
    return OfFiles(sweeps, plain)


def check_files(hydra: Mapping[str, Any]) -> None:
    """Raises UserError for callbacks in configuration files: Hydra calls whatever they name."""
    if callbacks := hydra.get("callbacks"):
        name = next(iter(callbacks))
        raise UserError(f"hydra.callbacks.{name} can't be set in a configuration file, which must not run code: give "
                        f"it on the command line, +hydra.callbacks.{name}._target_=...")  # fmt: skip
