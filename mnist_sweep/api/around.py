"""Where a study's later runs run, and where MLflow is: as `confirm` and `reproduce` have it by default."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from mnist_sweep.api.compose import composed, hydra_set_aside
from mnist_sweep.config.composed import Composed
from mnist_sweep.config.domains import as_literal
from mnist_sweep.config.settings import Surroundings, TrackingConfig, parse_surroundings
from mnist_sweep.storage.folders import StudyFolder


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


def tracking_of(study: StudyFolder, tracking: TrackingConfig) -> TrackingConfig:
    """Returns where MLflow is; switched off for a study that has no MLflow run, as it was searched without."""
    is_tracked = study.tracking.is_file() or any(trial.tracking.is_file() for trial in study.trials()[:1])
    return tracking if is_tracked else replace(tracking, enabled=False)


@contextlib.contextmanager
def unchanged_environment() -> Iterator[None]:
    """Returns a context after which variables and Hydra are as they were, whatever MLflow and TensorFlow have set."""
    before = dict(os.environ)
    try:
        with hydra_set_aside():
            yield
    finally:
        os.environ.clear()
        os.environ.update(before)
