"""Which network of a study is its winner, and where its file is."""

from dataclasses import dataclass
from pathlib import Path

from mnist_sweep.config import UserError
from mnist_sweep.results.study import Study
from mnist_sweep.storage.folders import TrialFolder


@dataclass(frozen=True)
class Winner:
    """A network: what it is in words, and its .keras file."""

    text: str
    model: Path


def winner_of(study: Study) -> Winner:
    """Returns the recommended finalist of a study that was confirmed, on its first seed, else its best trial.

    Raises:
        UserError: There is none, or its network was not kept.
    """
    if study.confirmed is not None:
        number = study.confirmed.recommended
        folder: TrialFolder | None = study.folder.confirmation(number, 0)
        text = f"trial {number}, recommended by confirm, on its first fresh seed"
    else:
        folder = study.best.folder if study.best else None
        text = f"trial {study.best.number}, the best one, not confirmed" if study.best else ""
    if folder is None and study.all_infeasible:
        raise UserError(f"study {study.name} has no trial whose network could be exported: {study.all_infeasible}")
    if folder is None:
        raise UserError(f"study {study.name} has no complete trial, so there is no network to export")
    if not folder.model.is_file():
        raise UserError(f"{text}, has no model.keras: only the image classifier keeps networks (study.keep_models)")
    return Winner(text, folder.model)
