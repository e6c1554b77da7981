"""No configuration is tried twice in a study, whatever the sampler; a space that is used up ends the search."""

from pathlib import Path
from typing import Any

import pytest

from mnist_sweep.config.space import parse_space
from mnist_sweep.search import Search
from mnist_sweep.search.samplers import grid
from mnist_sweep.search.samplers.untried import Tried
from mnist_sweep.storage.state import TrialState
from tests.search.test_study import settings

SMALL = {"a": "choice(1,2)", "b": "choice(x,y)"}
BASE = {"a": "1", "b": "x", "o": "adam", "m": "0.5", "f": "0.1"}
SAMPLERS = [
    "optuna.samplers.RandomSampler",
    "mnist_sweep.search.TPESampler",
    "optuna.samplers.TPESampler",
    "optuna.samplers.NSGAIISampler",
    "optuna.samplers.QMCSampler",
    "mnist_sweep.search.GridSampler",
]


def search(
    space: dict[str, str], sampler: str = SAMPLERS[0], base: dict[str, str] = BASE, when: Any = None,
    journal: Path | None = None, seed: int = 0,
) -> Search:  # fmt: skip
    return Search(journal, "mine", settings(sampler, seed=seed), parse_space(space, when or {}), base)


def tried(one: Search, most: int, value: float = 0.5) -> list[dict[str, str]]:
    """Asks and tells up to some trials; returns their overrides."""
    found = []
    while len(found) < most and (asked := one.ask()) is not None:
        one.report(asked.number, [{"epoch": 1.0, "val_accuracy": value}])
        one.tell(asked.number, TrialState.COMPLETE, {"val_accuracy": value})
        found.append(asked.overrides)
    return found


def distinct(found: list[dict[str, str]], base: dict[str, str]) -> int:
    return len({frozenset((overrides or base).items()) for overrides in found})


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_small_space_is_used_up_once(sampler: str, seed: int) -> None:
    found = tried(search(SMALL, sampler, seed=seed), 12)
    assert (len(found), distinct(found, {"a": "1", "b": "x"})) == (4, 4)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_base_outside_of_the_space_is_one_more(sampler: str) -> None:
    assert len(tried(search(SMALL, sampler, {**BASE, "a": "7"}), 12)) == 5


def test_trials_that_run_count_too_and_are_known_after_a_restart(tmp_path: Path) -> None:
    journal = tmp_path / "study.journal"
    one = search(SMALL, journal=journal)
    running = [one.ask(), one.ask()]
    again = search(SMALL, journal=journal)
    left = again.left_running(lambda _: False)
    assert [asked.overrides for asked in left] == [asked.overrides for asked in running if asked]
    assert distinct([*(asked.overrides for asked in left), *tried(again, 12)], {"a": "1", "b": "x"}) == 4
    assert again.ask() is None


def test_a_failed_trial_is_not_tried_again() -> None:
    one = search({"a": "choice(1,2)"})
    for _ in range(2):
        asked = one.ask()
        assert asked is not None
        one.tell(asked.number, TrialState.FAIL, None, "loss became nan")
    assert one.ask() is None


def test_conditions_make_their_own_combinations() -> None:
    when = {"o=sgd": {"m": "choice(0.5,0.9)"}}
    found = tried(search({"o": "choice(adam,sgd)"}, SAMPLERS[1], when=when), 12)
    assert sorted(map(str, found)) == ["{'o': 'sgd', 'm': '0.5'}", "{'o': 'sgd', 'm': '0.9'}", "{}"]


@pytest.mark.parametrize("sampler", SAMPLERS[:4])
def test_steps_of_a_float_are_the_same_however_they_are_computed(sampler: str) -> None:
    """0.1 + 0.2 is not 0.3 in floating point, and Optuna's third step may be either."""
    assert len(tried(search({"f": "range(0.1,0.5,0.1)"}, sampler), 12)) == 4


def test_a_space_that_can_not_be_listed_is_searched_without_repetition(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sampler that is sure of itself proposes the same point again and again."""
    monkeypatch.setattr(grid, "LARGEST", 20)
    one = search({"a": "range(1,12)", "b": "choice(x,y,z)"}, SAMPLERS[1])
    assert one.tried.next_left() is None
    found = []
    for number in range(30):
        asked = one.ask()
        assert asked is not None
        found.append(asked.overrides)
        value = 0.99 if asked.overrides.get("a") == "5" else 0.1
        one.tell(number, TrialState.COMPLETE, {"val_accuracy": value})
    assert distinct(found, {"a": "1", "b": "x"}) == 30


@pytest.mark.parametrize("sampler", [*SAMPLERS[:4], "optuna.samplers.CmaEsSampler"])
def test_a_search_that_is_left_goes_on_as_if_it_had_not_been(sampler: str, tmp_path: Path) -> None:
    """One worker: what is drawn depends on the seed, the number and the trials before."""
    space = {"a": "interval(0,1)", "f": "tag(log,interval(1e-3,1))", "b": "choice(x,y)"}
    if "CmaEs" in sampler:
        space.pop("b")
    values = [0.1, 0.7, 0.3, 0.9, 0.5, 0.8, 0.2, 0.6] * 3
    whole = [_one(search(space, sampler), values)]
    journal = tmp_path / "study.journal"
    parts = [_one(search(space, sampler, journal=journal), part) for part in (values[:14], values[14:])]
    assert [overrides for part in parts for overrides in part] == whole[0]


def _one(one: Search, values: list[float]) -> list[dict[str, str]]:
    found = []
    for value in values:
        asked = one.ask()
        assert asked is not None
        one.tell(asked.number, TrialState.COMPLETE, {"val_accuracy": value})
        found.append(asked.overrides)
    return found


def test_what_is_left_is_in_an_order_of_the_seed() -> None:
    orders = set()
    for seed in range(6):
        one = Tried(parse_space(SMALL, {}), BASE, seed)
        order = []
        while (point := one.next_left()) is not None:
            order.append(tuple(point.values()))
            one.add(one.literals(point))
        assert one.is_exhausted
        orders.add(tuple(order))
    assert len(orders) > 1


def test_an_infinite_space_is_never_used_up() -> None:
    one = Tried(parse_space({"f": "interval(0,1)"}, {}), BASE, 0)
    assert (one.next_left(), one.is_exhausted) == (None, False)
    one.add({"f": "0.5"})
    assert {"f": "0.5"} in one
    assert {"f": "0.25"} not in one
