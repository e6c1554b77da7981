"""Simulated searches whose truth is known: how much too good does the best look, and what can a sampler be seen to win?

Two questions:

- of the best of so many networks, chosen by 10,000 images: how much better it looks on them than it is, and how much
  of that a study's own predictions tell (the estimate that `show`, the report and `confirm` have). Images and networks
  are drawn from the probit model of confirming.py; networks differ by a normal distribution of this deviation;
- of so many trials drawn at random and so many that a sampler proposed: how often the 95% interval of what it won holds
  the truth, and how wide it is. Trials have accuracies as in a search of MNIST: a long tail to the worse.
"""

import argparse

import numpy as np
import reporting
import scipy
from confirming import USUAL

from mnist_sweep.results.random_search import SHARE, expected_best, gain_of
from mnist_sweep.results.selection_noise import expected_curse

IMAGES = 10_000
NETWORKS = (5, 10, 20, 50)
DEVIATIONS = (0.0, 0.0005, 0.002)  # of the true accuracies
TRIALS = ((20, 20), (20, 80), (50, 150))
DRAWS = 20_000  # for the true gain


def curse(studies: int) -> dict:
    """How much too good the best of a search looks, and the mean of the estimates."""
    total = (1 + USUAL["taste"] ** 2 + USUAL["luck"] ** 2) ** 0.5
    results = {}
    for deviation in DEVIATIONS:
        for networks in NETWORKS:
            rng = np.random.default_rng(0)
            found, expected = [], []
            for _ in range(studies):
                accuracies = np.clip(USUAL["accuracy"] + deviation * rng.standard_normal(networks), 0.5, 0.9999)
                middle = scipy.stats.norm.ppf(accuracies) * total
                noise = USUAL["taste"] ** 2 + USUAL["luck"] ** 2
                own = noise**0.5 * rng.standard_normal((networks, IMAGES))
                right = middle[:, np.newaxis] + rng.standard_normal(IMAGES) + own > 0
                reached = right.mean(axis=1)
                chosen = reached.argmax()
                shared = (reached - accuracies).mean()  # these images are easier or harder for all
                found.append(reached[chosen] - accuracies[chosen] - shared)
                expected.append(expected_curse(right))
            results[f"{deviation} | {networks}"] = {
                "found": float(np.mean(found)),
                "expected": float(np.mean(expected)),
            }
    return results


def accuracies_of(rng: np.random.Generator, count: int) -> np.ndarray:
    """What random configurations reach."""
    return 0.994 - 0.02 * rng.beta(1, 4, count)


def gains(studies: int) -> dict:
    """How often the interval of a sampler's gain holds the truth, and half of its width."""
    results = {}
    for random, proposed in TRIALS:
        rng = np.random.default_rng(1)
        held, widths, best_of = 0, 0.0, 0
        for _ in range(studies):
            # A sampler that proposes what is within a half of what random configurations miss.
            better = 0.994 - 0.5 * (0.994 - accuracies_of(rng, proposed))
            gain = gain_of(better.tolist(), accuracies_of(rng, random).tolist())
            assert gain is not None
            best_of = gain.best_of
            truth = 0.5 * (0.994 - TRUE_BEST[best_of])
            held += gain.low <= truth <= gain.high
            widths += (gain.high - gain.low) / 2
        results[f"{random} | {proposed}"] = {
            "best_of": best_of, "held": held / studies, "half": widths / studies, "truth": truth,
        }  # fmt: skip
    return results


def true_best(best_of: int) -> float:
    """The expected best of so many random configurations."""
    return expected_best(accuracies_of(np.random.default_rng(2), DRAWS).tolist(), best_of)


TRUE_BEST = {best_of: true_best(best_of) for best_of in {min(pair) // SHARE for pair in TRIALS}}


def main() -> None:
    """Runs both, and writes two tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=1000)
    studies = parser.parse_args().studies
    cursed, won = curse(studies), gains(studies)
    reporting.write("choosing", {"studies": studies, "curse": cursed, "gains": won})
    rows = [[*name.split(" | "), f"{one['found']:.5f}", f"{one['expected']:.5f}"] for name, one in cursed.items()]
    reporting.write_table("choosing_curse", ["deviation", "networks", "too good by", "expected"], rows,
                          f"The mean of {studies} simulated searches, by 10,000 images.")  # fmt: skip
    rows = [[*name.split(" | "), str(one["best_of"]), f"{one['truth']:.4f}", f"{one['held']:.3f}", f"{one['half']:.4f}"]
            for name, one in won.items()]  # fmt: skip
    reporting.write_table("choosing_gain", ["random", "proposed", "best of", "truth", "held", "half width"], rows,
                          f"Share of {studies} simulated searches whose 95% interval holds what the sampler won, and "
                          "half of its mean width.")  # fmt: skip


if __name__ == "__main__":
    main()
