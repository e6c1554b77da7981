"""The finalists of a search compared: from what each run reached to the figures of confirmed.json."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from mnist_sweep.results.confirmation import Accuracy, Against, Confirmation, ConfirmedTrial, Gap, Looked, OtherImages
from mnist_sweep.results.judgement import Beside, Judgement, Network, Rules, judge
from mnist_sweep.results.random_search import RandomSearch
from mnist_sweep.results.settling import Needed, needed
from mnist_sweep.results.slices import SliceError
from mnist_sweep.results.statistics import Sample, describe, mcnemar
from mnist_sweep.results.stopping import Look

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
        right: Which test images each run predicts correctly, of shape (seeds, images); None without a test set.
        slices: The errors by slice.
    """

    promised: float | None
    validation_images: int
    epochs: int
    parameters: int
    seconds: float
    accuracies: list[float]
    right: NDArray[np.bool_] | None
    slices: Sequence[SliceError] = ()


@dataclass(frozen=True)
class Measure:
    """What runs are compared by.

    Attributes:
        name: Its name.
        sign: 1 where more is better, -1 where less is.
    """

    name: str = "test accuracy"
    sign: int = 1


def _gap(runs: Runs) -> Gap | None:
    """Both accuracies are of a sample of images, and both have the noise of their seeds.

    Training on more images than in the search is no noise: it makes all gaps smaller.
    """
    if runs.promised is None or runs.right is None:
        return None
    sample, images = describe(runs.accuracies), runs.right.shape[1]
    variance = runs.promised * (1 - runs.promised) / runs.validation_images + sample.mean * (1 - sample.mean) / images
    variance += sample.deviation**2 * (1 + 1 / len(runs.accuracies))
    return Gap(runs.promised - sample.mean, Z * variance**0.5)


def _against(runs: Runs, other: Runs, found: Beside, rules: Rules, needs: Needed | None = None) -> Against:
    seeds, images = found.seeds, found.images
    deviation = (describe(runs.accuracies).deviation ** 2 + describe(other.accuracies).deviation ** 2) ** 0.5
    difference = Sample(seeds.mean, deviation, seeds.low, seeds.high)
    if images is None or runs.right is None or other.right is None:
        return Against(difference, None, seeds.p, seeds.wins, needed=needs)
    groups = None if rules.groups is None else int(rules.groups.max()) + 1
    beyond = OtherImages(images.low, images.high, images.p, images.wins, groups)
    return Against(difference, mcnemar(runs.right[0], other.right[0]), seeds.p, seeds.wins, beyond, needs)


def _network(runs: Runs) -> Network:
    return Network(runs.accuracies, runs.right, float(runs.parameters))


def _confirmed(
    number: int, finalists: Mapping[int, Runs], baseline: int | None, found: Judgement, rules: Rules
) -> ConfirmedTrial:
    runs = finalists[number]
    near, best = found.beside_baseline.get(number), found.beside_best.get(number)
    against = None
    if near and baseline is not None:
        base = finalists[baseline]
        is_settled = number in found.better
        needs = None if is_settled else needed(_network(runs), _network(base), len(found.beside_baseline), rules)
        against = _against(runs, base, near, rules, needs)
    return ConfirmedTrial(
        trial=number,
        test_accuracy=Accuracy(**asdict(describe(runs.accuracies)), values=runs.accuracies),
        promised=runs.promised,
        gap=_gap(runs),
        epochs=runs.epochs,
        parameters=runs.parameters,
        training_seconds=runs.seconds,
        p_best=best.p if best else None,
        against_baseline=against,
        against_best=_against(runs, finalists[found.best], best, rules) if best else None,
        slices=list(runs.slices),
    )


def conclude(
    finalists: Mapping[int, Runs],
    baseline: int | None,
    study: str = "",
    command: str = "",
    measure: Measure = Measure(),
    rules: Rules | None = None,
    looks: Sequence[Look] = (),
    expected_curse: float | None = None,
    random_search: RandomSearch | None = None,
) -> Confirmation:
    """Compares the finalists.

    Args:
        finalists: Their runs, by trial.
        baseline: The trial that is the baseline, None where it could not be trained.
        study: The study's name.
        command: The command line.
        measure: What the runs are compared by.
        rules: How they are compared, None for once, at the end.
        looks: What was seen at each look.
        expected_curse: How much better than it is the best of the search was expected to look.
        random_search: What the sampler won over random search.

    Returns:
        The figures.
    """
    sign = measure.sign
    rules = rules or Rules(sign=sign)
    found = judge({number: _network(runs) for number, runs in finalists.items()}, baseline, rules)
    rows = [_confirmed(number, finalists, baseline, found, rules) for number in finalists]
    first = next(iter(finalists.values()))
    most = max(len(runs.accuracies) for runs in finalists.values())
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
        seeds=most,
        test_images=0 if first.right is None else first.right.shape[1],
        measure=measure.name,
        sign=sign,
        better_on_these_images=list(found.better_here),
        planned_looks=list(rules.looks.sizes) if rules.looks else [most],
        looks=[Looked(one.seeds, list(one.standings)) for one in looks],
        expected_curse=expected_curse,
        random_search=random_search,
    )
