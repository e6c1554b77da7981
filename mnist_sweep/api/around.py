"""Where a study's later runs run, and where MLflow is: as `confirm` and `reproduce` have it by default."""

from collections.abc import Sequence
from pathlib import Path

from mnist_sweep.api.compose import composed
from mnist_sweep.config.composed import Composed
from mnist_sweep.config.settings import Surroundings, parse_surroundings
from mnist_sweep.config.space import as_literal


def defaults(runs_folder: Path, trusted: Sequence[str], *overrides: str) -> Composed:
    """Returns the default configuration for a runs folder.

    Args:
        runs_folder: The folder.
        trusted: The modules whose functions a configuration may name.
        *overrides: More overrides.
    """
    texts = [f"runs_folder={as_literal(str(runs_folder))}", *overrides]
    if trusted:
        texts.append(f"runtime.allowed_targets={as_literal(list(trusted))}")
    return composed("train", texts, None, searches=False)


def surroundings(runs_folder: Path, trusted: Sequence[str]) -> Surroundings:
    """Returns the settings around the runs of a study in a runs folder."""
    what = defaults(runs_folder, trusted)
    return parse_surroundings(what.config, what.trusted)
