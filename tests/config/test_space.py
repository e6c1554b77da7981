"""Hydra's sweep grammar, with the meaning that Hydra's Optuna sweeper documents."""

import pytest

from mnist_sweep.config.domains import Choice, Range
from mnist_sweep.config.errors import UserError
from mnist_sweep.config.space import Condition, Parameter, active, holds, parse_condition, parse_space


@pytest.mark.parametrize(
    ("text", "key", "literals"),
    [
        ("optimizer=adam", "optimizer", ("adam",)),
        ("optimizer=adam,adamw", "optimizer", ("adam", "adamw")),
        ("a.b=choice(1,2)", "a.b", ("1", "2")),
        ("a.b=true", "a.b", ("true",)),
        ("a.b='1'", "a.b", ("'1'",)),
        ("a.b=[1,2]", "a.b", ("[1,2]",)),
    ],
)
def test_a_condition_is_a_key_and_values(text, key, literals):
    assert parse_condition(text) == Condition(key, literals)


@pytest.mark.parametrize(
    "text",
    [
        *("optimizer", "~optimizer", "a=range(1,3)", "a=interval(0,1)", "a=choice(", ""),
        "a=glob(*)",
    ],
)
def test_what_is_no_condition_is_told(text):
    with pytest.raises(UserError, match=r"^search\.when"):
        parse_condition(text)


def test_parameters_without_a_condition_come_first():
    space = parse_space({"b": "choice(1,2)", "a": "interval(0,1)"}, {"o=x": {"c": "range(3)"}, "o=y": {"d": "5"}})
    assert space == [
        Parameter("b", Choice((1, 2), ("1", "2"))),
        Parameter("a", Range(0.0, 1.0, None, False)),
        Parameter("c", Range(0, 2, 1, False), Condition("o", ("x",))),
        Parameter("d", Choice((5,), ("5",)), Condition("o", ("y",))),
    ]


def test_a_key_may_be_searched_under_two_conditions_in_the_same_way():
    space = parse_space({}, {"o=x": {"c": "choice(1,2)"}, "o=y": {"c": "choice(1,2)"}})
    assert [(p.key, p.condition) for p in space] == [("c", Condition("o", ("x",))), ("c", Condition("o", ("y",)))]


@pytest.mark.parametrize(
    ("space", "when"),
    [
        ({"c": "choice(1,2)"}, {"o=x": {"c": "choice(1,2)"}}),
        ({}, {"o=x": {"c": "choice(1,2)"}, "o=y": {"c": "choice(1,3)"}}),
        ({}, {"o=x": {"c": "choice(1,2)"}, "o=y": {"c": "range(1,3)"}}),
        ({}, {"o=x": {"c": "range(1,3)"}, "o=y": {"c": "choice(1,2)"}}),
    ],
)
def test_a_key_is_not_searched_twice_in_different_ways(space, when):
    with pytest.raises(UserError, match=r"c is searched elsewhere"):
        parse_space(space, when)


@pytest.mark.parametrize(
    ("condition", "literals", "met"),
    [
        (None, {}, True),
        (Condition("o", ("a", "b")), {"o": "b"}, True),
        (Condition("o", ("a", "b")), {"o": "c"}, False),
        (Condition("o", ("a",)), {}, False),
    ],
)
def test_a_condition_is_met_by_one_of_its_values(condition, literals, met):
    assert holds(condition, literals) is met


@pytest.mark.parametrize(
    ("text", "met", "not_met"),
    [
        ("a.b>256", ["257", "1e3", "256.5"], ["256", "-300", "wide", None]),
        ("a.b >= 0.3", ["0.3", "5"], ["0.2999", "null"]),
        ("a.b<1e-3", ["0", "0.0009", "-5"], ["0.001", "1"]),
        ("a.b<=-2", ["-2", "-2.5"], ["-1.9"]),
        ("a.b in [64,128]", ["64", "128", "64.0"], ["96", "65"]),
        ("a.b in 64,128", ["64", "128"], ["96"]),
        ("a.b in range(1,10,3)", ["1", "4", "7"], ["2", "10", "1.5"]),
        ("a.b in interval(0.1,0.3)", ["0.1", "0.2", "0.3"], ["0.09", "0.31", "x"]),
        ("a.b in interval(1,3)", ["1", "2.5", "3"], ["0.5", "4"]),
        ("a.b in [adam,sgd]", ["adam", "sgd"], ["rmsprop"]),
        ("a.b=0.5", ["0.5", "0.50", "5e-1"], ["0.4"]),
        ("a.b=adam", ["adam"], ["sgd"]),
    ],
)
def test_a_condition_may_be_of_numbers(text, met, not_met):
    condition = parse_condition(text)
    assert condition.key == "a.b"
    assert [holds(condition, {"a.b": one}) for one in met] == [True] * len(met)
    assert not any(holds(condition, {"a.b": one} if one else {}) for one in not_met)


@pytest.mark.parametrize(
    "text", ["a>b", "a<nan", "a>", ">5", "a in", "a in [", "a in interval(3,1)", "a => 5", "a<1<2"]
)
def test_what_is_no_comparison_is_told(text):
    with pytest.raises(UserError):
        parse_condition(text)


def test_of_several_ranges_that_whose_condition_holds_is_searched():
    space = parse_space({"o": "choice(x,y,z)"}, {"o=x": {"c": "range(1,3)"}, "o=y": {"c": "range(10,30)"}})
    found = [active(space, {"o": one}).get("c") for one in "xyz"]
    assert found == [Range(1, 2, 1, False), Range(10, 29, 1, False), None]
