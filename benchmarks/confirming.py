"""Simulated confirmations whose truth is known: do the intervals hold it, how often is a false winner called?

Images, seeds and how they meet are drawn for every study from a probit model of crossed effects: an image is easy or
hard for all networks, a network finds some images harder than others do, a seed is better or worse on all images, and
each run has luck with each image. Three questions:

- of a difference over seeds and images: how often the 95% interval holds the truth, by the components of variance (what
  `confirm` does), by a two-way bootstrap of runs and images, and by the seeds alone;
- of studies of three finalists and a baseline, all equal: in how many is one of them called better;
- of a fixed number of seeds and of `confirm.seeds=5..15`: how often a finalist is found that is better by so many
  standard deviations of a seed than the baseline and two equal finalists, and with how many runs of each.
"""

import argparse
import time

import numpy as np
import reporting
import scipy

from mnist_sweep.results.differences import components, over_images, over_seeds
from mnist_sweep.results.judgement import Network, Rules, judge
from mnist_sweep.results.permutations import several
from mnist_sweep.results.stopping import Verdict, look

USUAL = {"images": 10_000, "seeds": 5, "accuracy": 0.993, "taste": 0.3, "luck": 0.4, "seed_effect": 0.02, "groups": 0}
CASES = {
    "as on MNIST": {},
    "the same images are hard for both": {"taste": 0.0},
    "a difference of 0.0022": {"better": 0.15},
    "seeds differ on all images": {"seed_effect": 0.1},
    "seeds differ much": {"seed_effect": 0.25},
    "3 seeds": {"seeds": 3},
    "10 seeds": {"seeds": 10},
    "360 images, accuracy 0.97": {"images": 360, "accuracy": 0.97},
    "300 writers": {"groups": 300},
    "20 writers": {"groups": 20},
}
METHODS = ("components", "bootstrap", "seeds alone")
DRAWS = 200
UNIT = 10_000
DEVIATION = 7  # images, of a seed


class Model:
    """The probit model; `better` is how much better the first network is."""

    def __init__(self, better: float = 0.0, **given: float) -> None:
        self.given = {**USUAL, **given}
        one = self.given
        self.better = better
        self.total = (1 + one["taste"] ** 2 + one["luck"] ** 2 + one["seed_effect"] ** 2) ** 0.5
        self.base = scipy.stats.norm.ppf(one["accuracy"]) * self.total
        self.truth = scipy.stats.norm.cdf((self.base + better) / self.total) - one["accuracy"]

    def draw(self, rng: np.random.Generator, networks: int = 2) -> tuple[list[np.ndarray], np.ndarray | None]:
        """What the runs of each network get right, (seeds, images), and the group of each image."""
        one = self.given
        count, seeds = one["images"], one["seeds"]
        groups = rng.integers(0, one["groups"], count) if one["groups"] else None
        if groups is not None:
            groups = np.unique(groups, return_inverse=True)[1]

        def by_image() -> np.ndarray:
            own = rng.standard_normal(count)
            return own if groups is None else (own + rng.standard_normal(groups.max() + 1)[groups]) / 2**0.5

        difficulty = by_image()
        found = []
        for number in range(networks):
            middle = self.base + (self.better if number == 0 else 0.0) + difficulty + one["taste"] * by_image()
            of_seeds = one["seed_effect"] * rng.standard_normal((seeds, 1))
            right = np.ones((seeds, count), np.bool_)
            near = np.flatnonzero(middle < 5 * one["luck"] + 4 * one["seed_effect"])
            luck = one["luck"] * rng.standard_normal((seeds, len(near)))
            right[:, near] = middle[near] + of_seeds + luck > 0
            found.append(right)
        return found, groups


def bootstrap(rng: np.random.Generator, first: np.ndarray, second: np.ndarray, groups: np.ndarray | None) -> tuple:
    """The percentile interval of a two-way bootstrap: runs, and images or groups of them, are drawn again."""
    units = first.shape[1] if groups is None else int(groups.max()) + 1
    wrong = [~first, ~second]
    if groups is not None:
        wrong = [np.array([np.bincount(groups, row, units) for row in one]) for one in wrong]
    sizes = np.ones(units) if groups is None else np.bincount(groups).astype(float)
    hit = np.flatnonzero(sum(one.sum(axis=0) for one in wrong)) if groups is None else np.arange(units)
    chances = np.append(np.full(len(hit), 1 / units), max(0.0, 1 - len(hit) / units))
    drawn = rng.multinomial(units, chances, size=DRAWS)[:, : len(hit)].astype(float)
    total = first.shape[1] if groups is None else drawn @ sizes
    means = []
    for one in wrong:
        runs = rng.multinomial(len(one), np.full(len(one), 1 / len(one)), size=DRAWS) / len(one)
        means.append(((drawn @ one[:, hit].T.astype(float)) * runs).sum(axis=1) / total)
    return tuple(np.quantile(means[1] - means[0], [0.025, 0.975]))


def coverage(studies: int) -> dict:
    """How often each method's interval holds the truth, and its mean width, by case."""
    results = {}
    for name, given in CASES.items():
        rng = np.random.default_rng(0)
        model = Model(**given)
        held, widths = dict.fromkeys(METHODS, 0), dict.fromkeys(METHODS, 0.0)
        for _ in range(studies):
            (first, second), groups = model.draw(rng)
            images = over_images(components(first, second, groups))
            seeds = over_seeds(first.mean(axis=1), second.mean(axis=1))
            intervals = ((images.low, images.high), bootstrap(rng, first, second, groups), (seeds.low, seeds.high))
            for method, (low, high) in zip(METHODS, intervals, strict=True):
                held[method] += low <= model.truth <= high
                widths[method] += high - low
        results[name] = {
            method: {"held": held[method] / studies, "width": widths[method] / studies} for method in METHODS
        }
    return results


def network(right: np.ndarray) -> Network:
    """A network for the comparison."""
    return Network(right.mean(axis=1).tolist(), right, 1.0)


def followed(networks: dict[int, Network], sizes: tuple[int, ...]) -> dict[int, Network]:
    """The networks with as many seeds as `confirm.seeds=5..15` would have given them."""
    rules = Rules(several(sizes, len(networks) - 1))
    counts = dict.fromkeys(networks, sizes[0])
    seen = None
    for size in sizes:
        counts |= {number: size for number in networks if seen is None or number == 0 or number in seen.open}
        made = {number: cut(networks[number], count) for number, count in counts.items()}
        seen = look(made, 0, rules, seen)
        if not seen.open:
            break
    return made


def cut(one: Network, seeds: int) -> Network:
    """A network with its first seeds alone."""
    return Network(one.values[:seeds], None if one.right is None else one.right[:seeds], one.cost)


def false_winners(studies: int) -> dict:
    """In how many studies of equal networks one is called better: on other images too, and on these images."""
    results = {}
    for name, sizes in (("5 seeds", (5,)), ("5..15", (5, 10, 15))):
        for case in ("as on MNIST", "the same images are hard for both", "seeds differ much"):
            rng = np.random.default_rng(1)
            model = Model(**CASES[case], seeds=sizes[-1])
            better, here = 0, 0
            for _ in range(studies):
                made = {number: network(right) for number, right in enumerate(model.draw(rng, 4)[0])}
                rules = Rules(None if len(sizes) == 1 else several(sizes, 3))
                found = judge(made if len(sizes) == 1 else followed(made, sizes), 0, rules)
                better += bool(found.better)
                here += bool(found.better or found.better_here)
            results[f"{name} | {case}"] = {"better": better / studies, "on these images": here / studies}
    return results


def power(studies: int) -> dict:
    """How often a better finalist is found beside two equal ones, on these images, and the runs of each network."""
    results = {}
    for effect in (0.0, 1.0, 1.5, 2.25):
        for name, sizes in (("5", (5,)), ("10", (10,)), ("15", (15,)), ("5..15", (5, 10, 15))):
            rng = np.random.default_rng(2)
            found, false, runs = 0, 0, 0.0
            for _ in range(studies):
                means = np.array([0.0, effect, 0.0, 0.0])[:, np.newaxis]
                values = np.rint(9900 + DEVIATION * (means + rng.standard_normal((4, sizes[-1])))) / UNIT
                right = np.ones((1, UNIT), np.bool_)  # says what the unit is
                made = {number: Network(row.tolist(), right, 1.0) for number, row in enumerate(values)}
                ended = followed(made, sizes)
                seen = look(ended, 0, Rules(several(sizes, 3)))
                verdicts = [seen.of(number).verdict for number in (1, 2, 3)]
                found += verdicts[0] is Verdict.BETTER
                false += any(
                    one in (Verdict.BETTER, Verdict.WORSE) for one in (verdicts if not effect else verdicts[1:])
                )
                runs += sum(len(one.values) for one in ended.values()) / 4
            results[f"{effect} | {name}"] = {"found": found / studies, "false": false / studies, "runs": runs / studies}
    return results


def seconds() -> dict:
    """What it takes to compare 4 networks of 5 runs on 10,000 images."""
    rng = np.random.default_rng(3)
    drawn, _ = Model().draw(rng, 4)
    began = time.perf_counter()
    judge({number: network(right) for number, right in enumerate(drawn)}, 0)
    middle = time.perf_counter()
    for one in drawn[1:]:
        bootstrap(rng, one, drawn[0], None)
    return {"components": middle - began, f"bootstrap, {DRAWS} draws": time.perf_counter() - middle}


def main() -> None:
    """Runs all three, and writes three tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=1000)
    studies = parser.parse_args().studies
    held, false, found = coverage(studies), false_winners(studies), power(studies)
    took = seconds()
    reporting.write("confirming", {"studies": studies, "coverage": held, "false_winners": false, "power": found,
                                   "seconds": took})  # fmt: skip
    rows = [[name, *(f"{one[method]['held']:.3f} ({one[method]['width']:.5f})" for method in METHODS)]
            for name, one in held.items()]  # fmt: skip
    times = ", ".join(f"{name} {value:.2f} s" for name, value in took.items())
    reporting.write_table("confirming_coverage", ["case", *METHODS], rows,
                          f"Share of {studies} simulated studies whose 95% interval holds the truth (mean width). "
                          f"4 networks of 5 runs on 10,000 images are compared in: {times}.")  # fmt: skip
    rows = [
        [*name.split(" | "), f"{one['better']:.3f}", f"{one['on these images']:.3f}"] for name, one in false.items()
    ]
    note = (
        f"Share of {studies} simulated studies of four equal networks in which a finalist is called better than the "
        "baseline. On the images that were drawn the networks do differ, unless the same are hard for all: a winner on "
        "these images is then right, but none on others."
    )
    reporting.write_table("confirming_false_winners", ["seeds", "case", "better", "on these images"], rows, note)
    rows = [[*name.split(" | "), *(f"{one[key]:.3f}" for key in ("found", "false")), f"{one['runs']:.1f}"]
            for name, one in found.items()]  # fmt: skip
    reporting.write_table("confirming_power", ["effect", "seeds", "found", "false", "runs of each"], rows,
                          f"Share of {studies} simulated studies of three finalists in which the first, better than "
                          "the baseline by so many standard deviations of a seed, is found, and in which an equal one "
                          "is told from it; the mean number of runs of a network, on these images.")  # fmt: skip


if __name__ == "__main__":
    main()
