"""Dotted keys, and what differs between two configurations."""

import pytest

from mnist_sweep.config.flatten import differences, flatten, flatten_space


def test_nested_keys_get_dots_and_lists_stay() -> None:
    nested = {"a": {"b": {"c": 1}, "d": [1, {"e": 2}]}, 5: None}
    assert flatten(nested) == {"a.b.c": 1, "a.d": [1, {"e": 2}], "5": None}
    assert flatten({"a": {}}) == {}
    assert flatten({"b": 1}, "a") == {"a.b": 1}


@pytest.mark.parametrize(
    ("first", "second", "lines"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 1}}, []),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 3, "c": 2}}, ["a.b: 1 -> 3"]),
        ({"a": True}, {"b": "x"}, ["a: true -> null", "b: null -> x"]),
        ({"a": {"b": 1}}, {"a": None}, ["a: {'b': 1} -> null"]),
        ({"a": [1, 2]}, {"a": [2, 1]}, ["a: [1, 2] -> [2, 1]"]),
        ({"b": 1, "a": 1}, {"a": 2, "b": 2}, ["b: 1 -> 2", "a: 1 -> 2"]),
    ],
)
def test_every_key_that_differs_has_its_line(first: dict, second: dict, lines: list[str]) -> None:
    assert differences(first, second) == lines


def test_a_condition_stands_behind_its_range() -> None:
    space = {"model.dropout": "interval(0,0.5)"}
    when = {
        "optimizer=adam": {"optimizer.beta_1": "interval(0,0.9)", "model.dropout": "choice(0.1)"},
        "optimizer=sgd": {"optimizer.beta_1": "choice(0.5)"},
    }
    assert flatten_space(space, when) == {
        "model.dropout": "interval(0,0.5) or choice(0.1) if optimizer=adam",
        "optimizer.beta_1": "interval(0,0.9) if optimizer=adam or choice(0.5) if optimizer=sgd",
    }
    assert space == {"model.dropout": "interval(0,0.5)"}
