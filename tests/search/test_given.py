"""The base configuration's values as Optuna's parameters."""

import pytest

from mnist_sweep.config.space import parse_space
from mnist_sweep.search.given import given_params, is_point

SPACE = {"a": "range(1,10)", "b": "choice(x,y)", "c": "choice(0,1,2.5)", "lr": "tag(log,interval(1e-3,1.0))"}


@pytest.mark.parametrize(
    ("base", "params"),
    [
        ({"a": "5", "b": "x", "c": "1", "lr": "0.1"}, {"a": 5, "b": "x", "c": 1, "lr": 0.1}),
        ({"a": "50", "b": "z", "c": "7", "lr": "2"}, {"a": 50, "lr": 2.0}),  # choices that are none of the space's
        ({"a": "5.5", "b": "y", "c": "0.0"}, {"b": "y", "c": 0}),  # no whole number, and 0 written otherwise
        ({"a": "5.0", "lr": "none"}, {"a": 5}),
        ({"a": "0", "lr": "0"}, {"a": 0}),  # has no logarithm
        ({"lr": "-1.0"}, {}),
        ({}, {}),
    ],
)
def test_what_optuna_can_represent_is_taken(base: dict[str, str], params: dict[str, object]) -> None:
    found = given_params(parse_space(SPACE, {}), base)
    assert found == params
    assert [type(value) for value in found.values()] == [type(value) for value in params.values()]


@pytest.mark.parametrize(("optimizer", "params"), [("sgd", {"o.m": 0.5}), ("adam", {})])
def test_a_parameter_whose_condition_does_not_hold_is_left_out(optimizer: str, params: dict[str, float]) -> None:
    space = parse_space({}, {"o=sgd": {"o.m": "interval(0,1)"}})
    assert given_params(space, {"o.m": "0.5", "o": optimizer}) == params


def test_a_point_has_all_that_is_searched_under_its_conditions() -> None:
    space = parse_space({"a": "choice(1,2)", "o": "choice(sgd,adam)"}, {"o=sgd": {"m": "interval(0,1)"}})
    assert is_point(space, {"a": "1", "o": "adam"})
    assert is_point(space, {"a": "1", "o": "sgd", "m": "7"})  # out of range
    assert not is_point(space, {"a": "1", "o": "sgd"})
    assert not is_point(space, {"a": "3", "o": "adam"})
