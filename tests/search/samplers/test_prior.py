"""A sampler that follows a best guess as long as the results agree with it."""

import statistics
from dataclasses import replace
from typing import Any

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import RandomSampler

from mnist_sweep.config import UserError
from mnist_sweep.config.space import parse_space
from mnist_sweep.search import Search
from mnist_sweep.search.samplers.prior import Guess, PriorSampler, density, drawn, fits, place
from mnist_sweep.storage.state import TrialState
from tests.search.test_study import settings

RATE, UNITS, KIND = (
    FloatDistribution(1e-4, 1e-1, log=True),
    IntDistribution(8, 64, step=8),
    CategoricalDistribution("abc"),
)
EVEN = [(index + 0.5) / 2000 for index in range(2000)]


@pytest.mark.parametrize(
    ("distribution", "value"), [(RATE, 1e-3), (UNITS, 16), (FloatDistribution(0, 1), 0.25), (KIND, "b")]
)
def test_values_lie_around_the_guess_and_have_its_density(distribution: Any, value: Any) -> None:
    guess = Guess(value, 0.2)
    values = [drawn(distribution, guess, uniform) for uniform in EVEN]
    assert all(fits(distribution, one) for one in values)
    if distribution is KIND:
        assert [values.count(one) / len(values) for one in "abc"] == pytest.approx([0.1, 0.8, 0.1], abs=0.01)
        assert sum(density(KIND, guess, one) for one in "abc") == pytest.approx(3)
        return
    places = [place(distribution, one) for one in values]
    assert abs(statistics.fmean(places) - place(distribution, value)) < 0.15
    assert density(distribution, guess, value) > 1 > density(distribution, guess, distribution.high)


def test_the_density_of_a_range_is_one_on_average() -> None:
    distribution = FloatDistribution(0, 1)
    mean = statistics.fmean(density(distribution, Guess(0.1, 0.3), one) for one in EVEN)
    assert mean == pytest.approx(1, abs=0.01)


def searched(guess: float | None, best_at: float, seed: int, count: int = 30) -> list[float]:
    """Searches a peak by random draws; returns the parameter of each trial."""
    sampler: Any = RandomSampler(seed)
    if guess is not None:
        sampler = PriorSampler(sampler, {"x": Guess(guess, 0.05)}, seed)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.optimize(lambda trial: -abs(trial.suggest_float("x", 0, 1) - best_at), count)
    return [trial.params["x"] for trial in study.trials]


@pytest.fixture(autouse=True)
def quiet() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def near(values: list[float], where: float) -> int:
    return sum(abs(value - where) < 0.1 for value in values)


def test_a_right_guess_helps_and_a_wrong_one_is_left() -> None:
    right = [near(searched(0.8, 0.8, seed), 0.8) for seed in range(8)]
    wrong = [searched(0.2, 0.8, seed) for seed in range(8)]
    without = [near(searched(None, 0.8, seed), 0.8) for seed in range(8)]
    assert statistics.fmean(right) > 1.5 * statistics.fmean(without)
    early, late = ([near(one[part], 0.2) for one in wrong] for part in (slice(0, 10), slice(15, 30)))
    assert statistics.fmean(early) / 10 > statistics.fmean(late) / 15
    assert statistics.fmean(near(one, 0.8) for one in wrong) > 0.8 * statistics.fmean(without)


def search(prior: dict[str, Any], sampler: str = "optuna.samplers.RandomSampler", seed: int = 0) -> Search:
    given = settings(sampler, seed=seed)
    given = replace(given, search=replace(given.search, prior=prior))
    return Search(
        None, "mine", given, parse_space({"a": "interval(0.0,1.0)", "b": "choice(x,y)"}, {}), {"a": "0.5", "b": "x"}
    )


def asked(one: Search, count: int) -> list[dict[str, str]]:
    found = []
    for _ in range(count):
        trial = one.ask()
        assert trial is not None
        value = 1 - abs(float(trial.overrides.get("a", 0.5)) - 0.9)
        one.tell(trial.number, TrialState.COMPLETE, {"val_accuracy": value})
        found.append(trial.overrides)
    return found


def test_a_search_follows_its_prior_and_repeats_itself() -> None:
    first = asked(search({"a": [0.9, 0.02]}), 20)
    assert first == asked(search({"a": [0.9, 0.02]}), 20)
    assert first != asked(search({}), 20)
    assert sum(abs(float(one["a"]) - 0.9) < 0.05 for one in first[1:]) >= 4


def test_a_grid_has_no_use_for_a_prior() -> None:
    with pytest.raises(UserError, match=r"search\.prior must be empty with sampler=grid"):
        search({"b": "y"}, "mnist_sweep.search.GridSampler")
