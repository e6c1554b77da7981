"""The noise of a search's own choice: which trials are like the best, and how much too good the best looks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnist_sweep.config import UserError
from mnist_sweep.config.image_classifier import PRIMARY
from mnist_sweep.results.statistics import LEVEL, holm, mcnemar
from mnist_sweep.results.study import Study
from mnist_sweep.results.trial import Trial
from mnist_sweep.tasks.image_classifier.evaluation import read_predictions

MOST = 50  # trials, the best ones, that are compared with the best
DRAWS = 1000  # of the bootstrap


@dataclass(frozen=True)
class SelectionNoise:
    """What is known of a search's choice.

    Attributes:
        alike: The trials that can't be told from the best on the validation images, the better first.
        curse: How much better the best is expected to look than it is, in accuracy, as it was chosen by these images.
        trials: Among how many it was chosen.
        by_best_epoch: Whether each trial's best epoch was chosen by these images too, which is not counted.
    """

    alike: tuple[int, ...]
    curse: float
    trials: int
    by_best_epoch: bool = False


def expected_curse(right: NDArray[np.bool_]) -> float:
    """Returns how much better the best of several networks looks on the images that it was chosen by.

    A bootstrap of the choice (Efron, 1983): on images drawn again the best is chosen anew, and looks better there than
    on the images that there are.

    Args:
        right: Which images each network predicts correctly, of shape (networks, images).
    """
    images = right.shape[1]
    differing = np.flatnonzero(right.any(axis=0) & ~right.all(axis=0))
    chances = np.append(np.full(len(differing), 1 / images), 1 - len(differing) / images)
    drawn = np.random.default_rng(0).multinomial(images, chances, size=DRAWS)[:, :-1]
    some = right[:, differing].astype(np.float64)
    again, here = drawn @ some.T / images, some.sum(axis=1) / images
    chosen = again.argmax(axis=1)
    rows = np.arange(DRAWS)
    # What all share is left out: on images drawn again it is better as often as it is worse.
    shared = again.mean(axis=1) - here.mean()
    return max(0.0, float((again[rows, chosen] - here[chosen] - shared).mean()))


def _alike(ranked: Sequence[tuple[Trial, NDArray[np.bool_]]]) -> tuple[int, ...]:
    best = ranked[0][1]
    p_values = holm([mcnemar(best, right).p for _, right in ranked[1:]])
    return tuple(trial.number for (trial, _), p in zip(ranked[1:], p_values, strict=True) if p > LEVEL)


def selection_noise(study: Study) -> SelectionNoise | None:
    """Returns what is known of a search's choice.

    Args:
        study: The study.

    Returns:
        None where the choice was not by the accuracy of single networks on these images, and without two complete
        trials with predictions of the same ones.
    """
    if study.objective.curve != PRIMARY or any(trial.seeds for trial in study.ranked):
        return None
    found: list[tuple[Trial, NDArray[np.bool_]]] = []
    for trial in study.ranked[:MOST]:
        try:
            right = read_predictions(trial.folder.predictions).right
        except UserError:
            continue
        if not found or right.shape == found[0][1].shape:
            found.append((trial, right))
    if len(found) < 2 or found[0][0] is not study.best:
        return None
    curse = expected_curse(np.stack([right for _, right in found]))
    return SelectionNoise(_alike(found), curse, len(study.ranked), study.objective.is_best)


def sentence(found: SelectionNoise) -> str:
    """Returns it in words."""
    alike = [str(number) for number in found.alike]
    if not alike:
        others = "All other trials" if found.trials <= MOST else f"All others of the best {MOST} trials"
        told = f"{others} can be told from the best on these validation images"
    else:
        names = ", ".join(alike)
        told = f"≈ can't be told from the best on these validation images: trial{'s' * (len(alike) > 1)} {names}"
    epoch = "; that its best epoch was chosen by them too is not counted" if found.by_best_epoch else ""
    return (
        f"{told} (McNemar's test of two networks, Holm-corrected). As the best of {found.trials} it is expected to "
        f"look {found.curse:.4f} better than it is{epoch}."
    )
