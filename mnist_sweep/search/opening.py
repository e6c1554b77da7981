"""Optuna's storage in a study's folder, and the study in it."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import optuna
from optuna.pruners import BasePruner
from optuna.storages import BaseStorage, InMemoryStorage

from mnist_sweep.config import UserError
from mnist_sweep.config.metrics import Direction
from mnist_sweep.search.journal import Journal
from mnist_sweep.search.journal_repair import repair

optuna.logging.set_verbosity(optuna.logging.WARNING)
warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)


@dataclass(frozen=True)
class Opened:
    """Optuna's storage and study.

    Attributes:
        storage: Where the study lies.
        study: The study; its sampler is set by `Search`.
        key: The storage's key of the study.
        truncated: How many bytes at the end of the journal were incomplete and are gone.
    """

    storage: BaseStorage
    study: optuna.Study
    key: int
    truncated: int


def open_study(journal: Path | None, name: str, directions: Sequence[Direction], pruner: BasePruner) -> Opened:
    """Opens the study of a journal, or makes it.

    Args:
        journal: Optuna's journal, None for a study in memory.
        name: The name of a new study; a folder that was renamed keeps the name that its study began with.
        directions: The directions of a new study's objectives.
        pruner: The pruner.

    Raises:
        UserError: The journal is damaged.
    """
    truncated = repair(journal) if journal else 0
    try:
        storage = InMemoryStorage() if journal is None else Journal(journal)
        studies = storage.get_all_studies()
    except (ValueError, KeyError) as error:
        raise UserError(f"{journal} can't be read ({error}): put back a copy, or use another study.name") from None
    if studies:
        study = optuna.load_study(storage=storage, study_name=studies[0].study_name, pruner=pruner)
    else:
        study = optuna.create_study(storage=storage, study_name=name, directions=list(directions), pruner=pruner)
    return Opened(storage, study, storage.get_study_id_from_name(study.study_name), truncated)
