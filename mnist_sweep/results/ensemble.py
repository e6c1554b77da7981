"""What the mean of several networks' predictions gets right on the validation images."""

from dataclasses import dataclass

import numpy as np

from mnist_sweep.config import UserError
from mnist_sweep.results.statistics import McNemar, mcnemar
from mnist_sweep.results.study import Study
from mnist_sweep.tasks.image_classifier.evaluation import Predictions, read_predictions


@dataclass(frozen=True)
class Member:
    """A trial of an ensemble: its number, and the accuracy of its stored predictions from 0 to 1."""

    trial: int
    accuracy: float


@dataclass(frozen=True)
class Ensemble:
    """The mean of the probabilities of a study's best trials, on the images that they were validated on.

    Attributes:
        members: The trials, the best first.
        accuracy: The accuracy of the mean, from 0 to 1.
        images: The number of images.
        against_best: The ensemble and its best member on the same images.
    """

    members: list[Member]
    accuracy: float
    images: int
    against_best: McNemar


def ensemble(study: Study, top_k: int) -> Ensemble:
    """Returns the ensemble of a study's best trials (Hansen and Salamon, 1990: the mean of their probabilities).

    Args:
        study: The study.
        top_k: How many of its best trials, at most.

    Raises:
        UserError: They are too few, or have no predictions of the same images.
    """
    if top_k < 2:
        raise UserError(f"top_k must be a whole number from 2, got {top_k}")
    trials = study.ranked[:top_k]
    if len(trials) < 2:
        what = "trials that are complete and meet search.constraints"
        raise UserError(f"an ensemble takes at least 2 {what}, study {study.name} has {len(trials)}")
    found: list[Predictions] = []
    for trial in trials:
        if not trial.folder.predictions.is_file():
            raise UserError(f"{study.name}/{trial.number} has no predictions.npz: only trials that classify have some")
        found.append(read_predictions(trial.folder.predictions))
    labels = found[0].labels
    if any(not np.array_equal(one.labels, labels) for one in found):
        raise UserError(f"the trials of study {study.name} were validated on other images, so they have no mean")
    right = np.mean([one.probabilities for one in found], axis=0, dtype=np.float64).argmax(axis=1) == labels
    members = [Member(trial.number, one.accuracy) for trial, one in zip(trials, found, strict=True)]
    best = max(range(len(found)), key=lambda index: found[index].accuracy)
    return Ensemble(members, float(right.mean()), len(labels), mcnemar(right, found[best].right))
