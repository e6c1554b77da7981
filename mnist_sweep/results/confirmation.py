"""The figures of confirmed.json: what the finalists reached on fresh seeds, and how they compare."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic.dataclasses import dataclass as checked

from mnist_sweep.config import UserError
from mnist_sweep.config.check import check
from mnist_sweep.config.schema import LOOSE
from mnist_sweep.files import read_json, write_json
from mnist_sweep.results.statistics import Judgement, McNemar, Sample, describe, judge, mcnemar

Z = 1.96  # standard deviations of a 95% interval


@dataclass(frozen=True)
class Runs:
    """A finalist's runs, one for each seed.

    Attributes:
        promised: The search's validation accuracy, or the objective where the task has no test set; None for a
            baseline that was pruned.
        validation_images: The number of images that it is of.
        epochs: The epochs of each run.
        parameters: The parameters of the network.
        seconds: The mean time of a training.
        accuracies: Test accuracies, or objectives, in the order of the seeds.
        right: Which test images the first run predicts correctly, of shape (images,); None without a test set.
    """

    promised: float | None
    validation_images: int
    epochs: int
    parameters: int
    seconds: float
    accuracies: list[float]
    right: NDArray[np.bool_] | None


@dataclass(frozen=True)
class Measure:
    """What runs are compared by.

    Attributes:
        name: Its name.
        sign: 1 where more is better, -1 where less is.
    """

    name: str = "test accuracy"
    sign: int = 1


@checked(frozen=True, config=LOOSE)
class Accuracy(Sample):
    """Test accuracies over the seeds: mean, deviation, interval, and each of them."""

    values: list[float]


@checked(frozen=True, config=LOOSE)
class Gap:
    """The search's validation accuracy minus the confirmed test accuracy, and half of its 95% interval."""

    mean: float
    half_interval: float


@checked(frozen=True, config=LOOSE)
class Against:
    """The difference to the baseline.

    Attributes:
        difference: Of the runs on the same seed.
        mcnemar: Of the images that only one of the two first runs predicts correctly; None without a test set.
        p: The p-value of the permutation test, corrected for several finalists.
    """

    difference: Sample
    mcnemar: McNemar | None
    p: float


@checked(frozen=True, config=LOOSE)
class ConfirmedTrial:
    """The figures of a finalist; `training_seconds` are of one training, `p_best` is of the difference to the best."""

    trial: int
    test_accuracy: Accuracy
    promised: float | None
    gap: Gap | None
    epochs: int
    parameters: int
    training_seconds: float
    p_best: float | None
    against_baseline: Against | None


@checked(frozen=True, config=LOOSE)
class Confirmation:
    """The content of confirmed.json.

    Attributes:
        study: The study's name.
        confirmed: When it was confirmed.
        command: The command line.
        finalists: Their figures, the best first.
        baseline: The trial that is the baseline, None where it could not be trained.
        best: The best trial on average.
        better_than_baseline: The trials that are significantly better than the baseline.
        tied: The trials that can't be told from the best.
        recommended: The cheapest of these.
        seeds: The number of fresh seeds.
        test_images: The number of test images, 0 where the task has none.
        measure: What the runs are compared by.
        sign: 1 where more of it is better, -1 where less is.
    """

    study: str
    confirmed: str
    command: str
    finalists: list[ConfirmedTrial]
    baseline: int | None
    best: int
    better_than_baseline: list[int]
    tied: list[int]
    recommended: int
    seeds: int
    test_images: int
    measure: str = "test accuracy"
    sign: int = 1

    def of(self, trial: int) -> ConfirmedTrial:
        """Returns the figures of a finalist."""
        return next(row for row in self.finalists if row.trial == trial)

    def write(self, file: Path) -> None:
        """Writes confirmed.json."""
        write_json(file, asdict(self))


def read_confirmation(file: Path) -> Confirmation | None:
    """Returns the content of confirmed.json, None where there is none or it is damaged."""
    try:
        found = check(Confirmation, read_json(file), str(file))
    except UserError:
        return None
    named = {found.best, found.recommended, *found.tied, *found.better_than_baseline}
    named |= set() if found.baseline is None else {found.baseline}
    return found if named <= {row.trial for row in found.finalists} else None


def _gap(runs: Runs) -> Gap | None:
    """Both accuracies are of a sample of images, and both have the noise of their seeds.

    Training on more images than in the search is no noise: it makes all gaps smaller.
    """
    if runs.promised is None or runs.right is None:
        return None
    sample, images = describe(runs.accuracies), len(runs.right)
    variance = runs.promised * (1 - runs.promised) / runs.validation_images + sample.mean * (1 - sample.mean) / images
    variance += sample.deviation**2 * (1 + 1 / len(runs.accuracies))
    return Gap(runs.promised - sample.mean, Z * variance**0.5)


def _against(runs: Runs, reference: Runs, p: float) -> Against:
    pairs = describe([a - b for a, b in zip(runs.accuracies, reference.accuracies, strict=True)])
    if runs.right is None or reference.right is None:
        return Against(pairs, None, p)
    return Against(pairs, mcnemar(runs.right, reference.right), p)


def _confirmed(number: int, runs: Runs, reference: Runs | None, found: Judgement) -> ConfirmedTrial:
    against = None
    if reference is not None and runs is not reference:
        against = _against(runs, reference, found.p_baseline[number])
    return ConfirmedTrial(
        trial=number,
        test_accuracy=Accuracy(**asdict(describe(runs.accuracies)), values=runs.accuracies),
        promised=runs.promised,
        gap=_gap(runs),
        epochs=runs.epochs,
        parameters=runs.parameters,
        training_seconds=runs.seconds,
        p_best=found.p_best.get(number),
        against_baseline=against,
    )


def conclude(
    finalists: Mapping[int, Runs],
    baseline: int | None,
    study: str = "",
    command: str = "",
    measure: Measure = Measure(),
) -> Confirmation:
    """Compares the finalists.

    Args:
        finalists: Their runs, by trial.
        baseline: The trial that is the baseline, None where it could not be trained.
        study: The study's name.
        command: The command line.
        measure: What the runs are compared by.

    Returns:
        The figures.
    """
    sign = measure.sign
    accuracies = {number: [sign * value for value in runs.accuracies] for number, runs in finalists.items()}
    found = judge(accuracies, baseline, {number: float(runs.parameters) for number, runs in finalists.items()})
    reference = None if baseline is None else finalists[baseline]
    rows = [_confirmed(number, runs, reference, found) for number, runs in finalists.items()]
    return Confirmation(
        study=study,
        confirmed=time.strftime("%Y-%m-%d %H:%M:%S"),
        command=command,
        finalists=sorted(rows, key=lambda row: -sign * row.test_accuracy.mean),
        baseline=baseline,
        best=found.best,
        better_than_baseline=list(found.better),
        tied=sorted(found.tied),
        recommended=found.recommended,
        seeds=len(next(iter(accuracies.values()))),
        test_images=0 if (right := next(iter(finalists.values())).right) is None else len(right),
        measure=measure.name,
        sign=sign,
    )
