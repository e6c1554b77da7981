"""The figures of confirmed.json: what the finalists reached on fresh seeds, and how they compare."""

from dataclasses import asdict, field
from pathlib import Path

from pydantic.dataclasses import dataclass as checked

from mnist_sweep.config import UserError
from mnist_sweep.config.check import check
from mnist_sweep.config.schema import LOOSE
from mnist_sweep.files import read_json, write_json
from mnist_sweep.results.random_search import RandomSearch
from mnist_sweep.results.settling import Needed
from mnist_sweep.results.slices import SliceError
from mnist_sweep.results.statistics import McNemar, Sample
from mnist_sweep.results.stopping import Standing

TEST_ACCURACY = "test accuracy"  # what networks are compared by on the test images


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
class OtherImages:
    """A difference on any seed and on images such as these.

    Attributes:
        low: The lower end of its 95% interval.
        high: The upper end.
        p: The p-value, corrected for several finalists.
        wins: The probability that a fresh run is better than a fresh run of the other one on as many fresh images.
        groups: How many groups of images were counted, such as writers; None where each image stood for itself.
    """

    low: float
    high: float
    p: float
    wins: float
    groups: int | None = None


@checked(frozen=True, config=LOOSE)
class Against:
    """The difference to another finalist.

    Attributes:
        difference: On these images: its interval is of the seeds.
        mcnemar: Of the images that only one of the two first runs predicts correctly; None without a test set.
        p: The p-value of the permutation test, corrected for several finalists.
        wins: The probability that a fresh run is better than a fresh run of the other one, on these images.
        other_images: The difference on other images; None without a test set.
        needed: What it would take to show that it is better; None where it is not, or seems worse.
    """

    difference: Sample
    mcnemar: McNemar | None
    p: float
    wins: float | None = None  # of a file of an earlier version
    other_images: OtherImages | None = None
    needed: Needed | None = None


@checked(frozen=True, config=LOOSE)
class Looked:
    """What was seen at a look, on these images.

    Attributes:
        seeds: After how many seeds.
        standings: Where each finalist stood, the baseline aside.
    """

    seeds: int
    standings: list[Standing]


@checked(frozen=True, config=LOOSE)
class ConfirmedTrial:
    """The figures of a finalist.

    Attributes:
        trial: Its number.
        test_accuracy: What it is compared by.
        promised: What the search found, None for a baseline that was pruned.
        gap: Between the two.
        epochs: Of each run.
        parameters: Of the network, 0 where there is none.
        training_seconds: Of one training.
        p_best: The corrected p-value of the difference to the best, the larger of the two.
        against_baseline: The difference to the baseline.
        against_best: The difference to the best.
        slices: The errors by slice; none without a test set.
    """

    trial: int
    test_accuracy: Accuracy
    promised: float | None
    gap: Gap | None
    epochs: int
    parameters: int
    training_seconds: float
    p_best: float | None
    against_baseline: Against | None
    against_best: Against | None = None
    slices: list[SliceError] = field(default_factory=list)


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
        better_than_baseline: The trials that are significantly better than the baseline, on other images too; in a
            file of an earlier version on these images.
        tied: The trials that can't be told from the best.
        recommended: The cheapest of these.
        seeds: The number of fresh seeds, the most that a finalist has.
        test_images: The number of test images, 0 where the task has none.
        measure: What the runs are compared by.
        sign: 1 where more of it is better, -1 where less is.
        better_on_these_images: The trials that are significantly better than the baseline on these images alone.
        planned_looks: After how many seeds the finalists were to be looked at; empty in a file of an earlier version.
        looks: What was seen at each look; empty where there is only one, at the end.
        expected_curse: How much better than it is the best of the search was expected to look; None where unknown.
        random_search: What the sampler won over random search; None where it is random itself, and in a file of an
            earlier version.
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
    measure: str = TEST_ACCURACY
    sign: int = 1
    better_on_these_images: list[int] = field(default_factory=list)
    planned_looks: list[int] = field(default_factory=list)
    looks: list[Looked] = field(default_factory=list)
    expected_curse: float | None = None
    random_search: RandomSearch | None = None

    @property
    def fewest_seeds(self) -> int:
        """The fewest seeds that a finalist has."""
        return min(len(row.test_accuracy.values) for row in self.finalists)

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
    named = {found.best, found.recommended, *found.tied, *found.better_than_baseline, *found.better_on_these_images}
    named |= set() if found.baseline is None else {found.baseline}
    return found if named <= {row.trial for row in found.finalists} else None
