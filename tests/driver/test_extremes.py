"""Which networks of a search are the smallest and the largest; building them is tested with `plan`."""

from collections.abc import Callable, Mapping

import pytest

from mnist_sweep.config.space_check import Example
from mnist_sweep.driver import extremes
from mnist_sweep.driver.extremes import LARGEST, SMALLEST
from mnist_sweep.driver.plan import Plan

ENDS = [("model.units", "[8]"), ("model.units", "[64]"), ("model.dropout", "0.0"), ("model.dropout", "0.5"),
        ("model.strides", "1"), ("model.strides", "3")]  # fmt: skip
SIZES = [{"parameters": size} for size in (80, 640, 100, 100, 300, 40)]


@pytest.fixture
def tries(plan: Plan) -> list[Example]:
    return [Example(key, text, {key: text}, plan.base) for key, text in ENDS]


@pytest.fixture
def plan(planned: Callable[..., Plan]) -> Plan:
    space = {"model.dropout": "interval(0.0,0.5)", "train.batch_size": "choice(32,256,64)"}
    return planned("search.n_trials=6", sweeps=space)


def test_the_extremes_are_at_the_ends_that_make_them_so(tries: list[Example]) -> None:
    smallest, largest = extremes._extremes(tries, SIZES)
    assert smallest == {"model.units": "[8]", "model.strides": "3"}  # dropout changes no size
    assert largest == {"model.units": "[64]", "model.strides": "1"}


def test_the_first_guess_is_by_number(tries: list[Example]) -> None:
    assert extremes._guess(tries, min) == {"model.dropout": "0.0", "model.strides": "1"}
    assert extremes._guess(tries, max) == {"model.dropout": "0.5", "model.strides": "3"}


def test_the_ends_of_the_models_own_parameters_are_tried(plan: Plan) -> None:
    found = [(one.text, one.overrides, one.config.plain()["model"]["dropout"]) for one in extremes._tries(plan)]
    assert found == [("0.0", {"model.dropout": "0.0"}, 0.0), ("0.5", {"model.dropout": "0.5"}, 0.5)]
    assert extremes._largest_batch(plan) == {"train.batch_size": "256"}


def test_a_network_that_can_not_meet_the_constraints_is_not_the_largest(planned: Callable[..., Plan]) -> None:
    def largest(*overrides: str) -> Mapping[str, str]:
        plan = planned("search.n_trials=6", *overrides, sweeps={"model.units": "choice([8],[64],[16,16])"})
        return extremes._drawable_extreme(plan, {"model.units": "[64]"}, extremes._tries(plan), max)

    small, start = "search.constraints=['parameters<=14000']", "search.start=[['model.units=[17]']]"
    assert largest() == {"model.units": "[64]"}
    assert largest(small) == {"model.units": "[16,16]"}  # 13,002 parameters
    assert largest(small, start) == {"model.units": "[17]"}  # 13,525


def test_networks_that_can_not_be_built_are_neither_the_smallest_nor_the_largest(planned: Callable[..., Plan]) -> None:
    lists = {"model.filters": "choice([4,4],[8,8,8])", "model.convolutions": "choice([2,2],[1,1,1])"}
    plan = planned("model=blocks", "model.filters=[4,4]", "model.convolutions=1", sweeps=lists)
    short, long = ({"model.filters": filters, "model.convolutions": convolutions}
                   for filters, convolutions in (("[4,4]", "[2,2]"), ("[8,8,8]", "[1,1,1]")))  # fmt: skip
    wrong = {"model.filters": "[8,8,8]", "model.convolutions": "[2,2]"}
    tries = extremes._tries(plan)
    assert [one.overrides for one in tries] == [{"model.filters": "[4,4]"}, {"model.filters": "[8,8,8]"},
                                                {"model.convolutions": "[2,2]"}, long]  # fmt: skip
    networks = extremes._networks(plan, tries, wrong, wrong)
    assert networks[SMALLEST] == {}  # of the base configuration, as of no convolutions at all
    assert networks[LARGEST] == {"model.filters": "[8,8,8]"}  # the largest of those that were tried
    assert extremes._networks(plan, tries, short, long)[SMALLEST] == short
