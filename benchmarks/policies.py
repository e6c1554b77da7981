"""Replays searches on the table of benchmarks/table.py: which sampler, pruner and number of workers finds soonest.

Configurations are drawn from the table's: a sampler proposes a point of the space, and the nearest configuration that
was not tried yet is trained, on one of the seeds at random. What is counted are the CPU seconds until the best complete
trial (by the accuracy that the search saw) is a configuration whose mean over the seeds is within 0.0005 of the table's
best; a search that never gets there takes for ever. The baseline, which was tuned by hand, is not in the table.
"""

import argparse
import statistics
from collections.abc import Sequence

import numpy as np
import optuna
import reporting
import table
from scipy.stats import spearmanr

from mnist_sweep.config.prior import WIDTH
from mnist_sweep.search.distributions import distribution
from mnist_sweep.search.pruners.asha import SuccessiveHalvingPruner
from mnist_sweep.search.samplers.prior import Guess, PriorSampler
from mnist_sweep.search.samplers.tpe import TPESampler

WITHIN = 0.0005
LIMIT = 20  # trials, as in the default search
DOMAINS = {parameter.key: distribution(parameter.domain) for parameter in table.searched()}
SAMPLERS = {
    "random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
    "qmc": lambda seed: optuna.samplers.QMCSampler(scramble=True, seed=seed),
    "tpe": lambda seed: TPESampler(seed=seed, multivariate=True, group=True, constant_liar=True, n_startup_trials=8),
    "tpe, 4 at random": lambda seed: TPESampler(
        seed=seed, multivariate=True, group=True, constant_liar=True, n_startup_trials=4
    ),
}
PRUNERS = {  # steps are quarters of an epoch; which of them are reported
    "none": (optuna.pruners.NopPruner, range(1, 9)),
    "asha from epoch 1": (lambda: SuccessiveHalvingPruner(4, 3), (4, 8)),
    "asha from half an epoch": (lambda: SuccessiveHalvingPruner(2, 2), (2, 4, 8)),
    "asha from a quarter": (lambda: SuccessiveHalvingPruner(1, 3), (1, 3, 8)),
    "hyperband from a quarter": (lambda: optuna.pruners.HyperbandPruner(1, 8, 3), range(1, 9)),
    "median from epoch 1": (lambda: optuna.pruners.MedianPruner(5), (4, 8)),
}


class Table:
    """The configurations that have every seed."""

    def __init__(self, rows: Sequence[dict]) -> None:
        found: dict[int, list[dict]] = {}
        for row in rows:
            found.setdefault(row["configuration"], []).append(row)
        seeds = max(len(one) for one in found.values())
        self.rows = [one for one in found.values() if len(one) == seeds and one[0]["configuration"] > 0]
        self.params = [{key: self._value(key, one[0]["overrides"][key]) for key in DOMAINS} for one in self.rows]
        self.means = [statistics.mean(row["accuracies"][-1][1] for row in one) for one in self.rows]
        self.points = np.array([[self._place(key, params[key]) for key in DOMAINS] for params in self.params])

    @staticmethod
    def _value(key: str, text: str) -> object:
        domain = DOMAINS[key]
        if isinstance(domain, optuna.distributions.FloatDistribution):
            return float(text)
        return int(text)

    @staticmethod
    def _place(key: str, value: object) -> float:
        """Where a value lies in its domain, from 0 to 1."""
        domain = DOMAINS[key]
        if isinstance(domain, optuna.distributions.CategoricalDistribution):
            return domain.choices.index(value) / max(1, len(domain.choices) - 1)
        low, high = domain.low, domain.high
        if domain.log:
            return float(np.log(value / low) / np.log(high / low))
        return float((value - low) / (high - low))

    def nearest(self, params: dict, tried: set[int]) -> int:
        """The nearest configuration that was not tried."""
        point = np.array([self._place(key, params[key]) for key in DOMAINS])
        order = np.argsort(((self.points - point) ** 2).sum(axis=1))
        return next(int(row) for row in order if int(row) not in tried)


def replay(given: Table, sampler: str, pruner: str, workers: int, seed: int) -> tuple[bool, float]:
    """Whether a search's best is good enough in the end, and the CPU seconds until it was, or of all."""
    make, steps = PRUNERS[pruner]
    study = optuna.create_study(direction="maximize", sampler=SAMPLERS[sampler](seed), pruner=make())
    random = np.random.default_rng(seed)
    goal = max(given.means) - WITHIN
    tried: set[int] = set()
    running: list[tuple[float, int, optuna.Trial, dict, list]] = []  # its next event, configuration, trial, row, steps
    spent, best, reached = 0.0, (-1.0, -1), None

    def start(now: float) -> None:
        asked = study.ask(DOMAINS)
        row = given.nearest(asked.params, tried)
        tried.add(row)
        chosen = given.rows[row][random.integers(len(given.rows[row]))]
        running.append((now + chosen["seconds"][steps[0] - 1], row, asked, chosen, list(steps)))

    for _ in range(workers):
        start(0.0)
    ended = 0
    while running:
        running.sort(key=lambda one: one[0])
        now, row, asked, chosen, left = running.pop(0)
        step = left.pop(0)
        value = chosen["accuracies"][step - 1][1]
        asked.report(value, step)
        if left and not asked.should_prune():
            running.append(
                (now + chosen["seconds"][left[0] - 1] - chosen["seconds"][step - 1], row, asked, chosen, left)
            )
            continue
        spent += chosen["seconds"][step - 1]
        asked_state = optuna.trial.TrialState.PRUNED if left else optuna.trial.TrialState.COMPLETE
        # What was trained is the table's configuration, not the one that was proposed.
        study.tell(asked, state=optuna.trial.TrialState.FAIL)
        shown = {one: chosen["accuracies"][one - 1][1] for one in steps if one <= step}
        study.add_trial(optuna.trial.create_trial(
            params=given.params[row], distributions=DOMAINS, intermediate_values=shown, state=asked_state,
            value=None if left else value,
        ))  # fmt: skip
        ended += 1
        if not left and value > best[0]:
            best = (value, row)
            reached = (reached or spent) if given.means[row] >= goal else None
        if ended + len(running) < min(LIMIT, len(given.rows)):
            start(now)
    return reached is not None, reached or spent


def main() -> None:
    """Prints the rank correlations, and a table of policies."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replays", type=int, default=200)
    parser.add_argument("--kind", help="the kind of CPU whose table is replayed, such as avx2")
    parser.add_argument("--prior", action="store_true", help="what a best guess brings and costs")
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if options.kind:
        reporting.FOLDER = reporting.FOLDER.with_name(options.kind)
        table.FILE = reporting.FOLDER / table.FILE.name
    given = Table(table.recorded())
    if options.prior:
        priors(given, options.replays)
        return
    correlations = [
        {part: spearmanr([one[0]["accuracies"][step][index] for one in given.rows], given.means).statistic
         for index, part in enumerate(("2,000 images", "10,000 images"))}
        for step in range(8)
    ]  # fmt: skip
    results = {}
    for sampler in SAMPLERS:
        for pruner in PRUNERS:
            for workers in (1, 2):
                found = [replay(given, sampler, pruner, workers, seed) for seed in range(options.replays)]
                results[f"{sampler} | {pruner} | {workers}"] = summary(found)
    for name, one in results.items():
        one["times random"] = ratio(one["runs"], results[f"random | none | {name[-1]}"]["runs"])
    for one in results.values():
        del one["runs"]
    content = {"configurations": len(given.rows), "best": max(given.means), "replays": options.replays,
               "rank_correlations": correlations, "policies": results}  # fmt: skip
    reporting.write("policies", content)
    ordered = sorted(results.items(), key=lambda item: item[1]["times random"][0])
    rows = []
    for name, one in ordered:
        seconds = ["never" if value is None else f"{value:.0f}" for value in one["interval"]]
        times = [f"{value:.2f}" for value in one["times random"]]
        rows.append([*name.split(" | "), f"{one['reached']:.0%}", *seconds, f"{times[0]} ({times[1]} to {times[2]})"])
    note = (
        f"{len(given.rows)} configurations, {options.replays} replays of at most {LIMIT} trials. Times random "
        "search's: CPU seconds of all searches for each one that gets there, against the same of random search "
        "without pruning, with 95% intervals (bootstrap). Rank correlation with "
        "the mean of the configuration after each quarter of an epoch, by 10,000 images and by 2,000: "
        + ", ".join(f"{one['10,000 images']:.2f} ({one['2,000 images']:.2f})" for one in correlations)
    )
    header = ["sampler", "pruner", "workers", "reached", "median CPU s", "95% from", "to", "times random search's"]
    reporting.write_table("policies", header, rows, note)


GUESSES = {  # of every key: the configuration of which rank among the table's, from the best, 0, to the worst, 1
    "the best configuration": 0.0,
    "one in the middle": 0.5,
    "the worst": 1.0,
}


def priors(given: Table, replays: int) -> None:
    """Replays searches with a best guess of every key, and without one."""
    order = sorted(range(len(given.means)), key=lambda row: -given.means[row])
    made = {"none": SAMPLERS["tpe"]}
    for name, share in GUESSES.items():
        params = given.params[order[round(share * (len(order) - 1))]]
        guesses = {key: Guess(value, WIDTH) for key, value in params.items()}
        made[name] = lambda seed, guesses=guesses: PriorSampler(SAMPLERS["tpe"](seed), guesses, seed)
    results = {}
    for pruner in ("none", "asha from epoch 1"):
        for name, sampler in made.items():
            SAMPLERS[f"guess {name}"] = sampler
            found = [replay(given, f"guess {name}", pruner, 1, seed) for seed in range(replays)]
            results[f"{name} | {pruner}"] = summary(found)
    for name, one in results.items():
        one["times no guess"] = ratio(one["runs"], results[f"none | {name.split(' | ')[1]}"]["runs"])
    for one in results.values():
        del one["runs"]
    reporting.write("prior", {"replays": replays, "width": WIDTH, "guesses": results})
    rows = []
    for name, one in results.items():
        times = [f"{value:.2f}" for value in one["times no guess"]]
        rows.append([*name.split(" | "), f"{one['reached']:.0%}", f"{times[0]} ({times[1]} to {times[2]})"])
    note = (
        f"{replays} replays of at most {LIMIT} trials, one worker, TPE with a guess of every key, width {WIDTH}. "
        "Times no guess: CPU seconds of all searches for each one that gets there, against the same without a guess, "
        "with 95% intervals (bootstrap)."
    )
    reporting.write_table("prior", ["the guess is", "pruner", "reached", "times no guess"], rows, note)


def summary(found: Sequence[tuple[bool, float]]) -> dict:
    """The share of searches that get there, and the median of their CPU seconds with its 95% interval (bootstrap)."""
    hits, seconds = (np.array(column) for column in zip(*found, strict=True))
    medians = [np.median(np.where(hits[rows], seconds[rows], np.inf)) for rows in draws(len(found))]
    middle = float(np.median(np.where(hits, seconds, np.inf)))
    low, high = np.quantile(medians, [0.025, 0.975], method="nearest")
    return {
        "reached": float(hits.mean()),
        "interval": [None if value == np.inf else float(value) for value in (middle, low, high)],
        "runs": [[bool(hit), round(float(value), 1)] for hit, value in found],
    }


def ratio(ours: Sequence[tuple[bool, float]], others: Sequence[tuple[bool, float]]) -> list[float]:
    """How many times the expected running time of the others, with its 95% interval (bootstrap)."""
    mine, theirs = np.array(ours, dtype=float), np.array(others, dtype=float)
    pairs = zip(draws(len(mine)), reversed(draws(len(theirs))), strict=True)
    found = [running_time(mine[rows]) / running_time(theirs[other]) for rows, other in pairs]
    low, high = np.quantile(found, [0.025, 0.975], method="nearest")
    return [float(value) for value in (running_time(mine) / running_time(theirs), low, high)]


def running_time(runs: np.ndarray) -> float:
    """CPU seconds of all searches for each one that gets there (Hansen et al., 2016: expected running time)."""
    return float(runs[:, 1].sum() / max(runs[:, 0].sum(), 1e-9))


def draws(count: int) -> list[np.ndarray]:
    """Rows drawn with replacement, 1,000 times, always the same."""
    random = np.random.default_rng(0)
    return [random.integers(0, count, count) for _ in range(1000)]


if __name__ == "__main__":
    main()
