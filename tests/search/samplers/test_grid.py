"""Every combination, once."""

import itertools

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.config.domains import parse_domain
from mnist_sweep.config.space import parse_space
from mnist_sweep.search.samplers.grid import LARGEST, GridSampler, points, values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("choice(a,b)", ["a", "b"]),
        ("range(1,10,3)", [1, 4, 7]),
        ("range(10,1,-3)", [4, 7, 10]),
        ("int(interval(1,3))", [1, 2, 3]),
        ("range(0,0.5,0.1)", [0.0, 0.1, 0.2, 0.3, 0.4]),
        ("range(0.1,0.8,0.1)", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]),
        ("range(1.0,4.0)", [1.0, 2.0, 3.0]),
        ("7", [7]),
        ("tag(log,range(1,4))", [1, 2, 3]),
    ],
)
def test_all_values_of_a_domain(text, expected):
    found = values("key", parse_domain("key", text))
    assert [(type(value), value) for value in found] == [(type(value), value) for value in expected]


def test_an_interval_has_no_end():
    with pytest.raises(UserError, match=r"^model\.dropout must be a choice or a range for sampler=grid"):
        values("model.dropout", parse_domain("model.dropout", "interval(0,1)"))


def test_a_range_may_be_too_long():
    assert len(values("key", parse_domain("key", f"range({LARGEST})"))) == LARGEST
    with pytest.raises(UserError, match=r"^key has 100,001 values"):
        values("key", parse_domain("key", f"range({LARGEST + 1})"))


def as_set(found):
    return {tuple(sorted(point.items())) for point in found}


def test_a_grid_is_the_product_of_its_values():
    space = parse_space({"a": "range(3)", "b": "choice(x,y)", "c": "range(0,1,0.5)"}, {})
    found = points(space, {}, 0)
    expected = {(("a", a), ("b", b), ("c", c)) for a, b, c in itertools.product(range(3), "xy", (0.0, 0.5))}
    assert len(found) == 12
    assert as_set(found) == expected


def test_a_conditional_parameter_multiplies_only_where_it_is_searched():
    space = parse_space({"o": "choice(x,y,z)"}, {"o=x": {"p": "range(2)"}, "o=y,z": {"q": "choice(u,v)"}})
    found = points(space, {}, 0)
    expected = {(("o", "x"), ("p", p)) for p in range(2)}
    expected |= {(("o", o), ("q", q)) for o in "yz" for q in "uv"}
    assert len(found) == 6
    assert as_set(found) == expected


@pytest.mark.parametrize(("base", "count"), [({"o": "x"}, 2), ({"o": "y"}, 1)])
def test_a_condition_on_the_base_decides(base, count):
    assert len(points(parse_space({"a": "choice(1)"}, {"o=x": {"p": "range(2)"}}), base, 0)) == count


def test_a_key_under_two_conditions_is_tried_once_for_each():
    space = parse_space({"o": "choice(x,y)"}, {"o=x": {"p": "choice(1,2)"}, "o=y": {"p": "choice(1,2)"}})
    assert as_set(points(space, {}, 0)) == {(("o", o), ("p", p)) for o in "xy" for p in (1, 2)}


def test_the_seed_decides_the_order_alone():
    space = parse_space({"a": "range(30)"}, {})
    first, again, other = points(space, {}, 1), points(space, {}, 1), points(space, {}, 2)
    assert first == again
    assert first != other
    assert as_set(first) == as_set(other)


def test_too_many_combinations_are_refused():
    with pytest.raises(UserError, match=r"^search\.space has over 100,000 combinations"):
        points(parse_space({"a": "range(400)", "b": "range(400)"}, {}), {}, 0)


def test_a_grid_sampler_takes_a_seed_or_none():
    assert isinstance(GridSampler(3), GridSampler)
    assert isinstance(GridSampler(), GridSampler)
