"""Plain data into dataclasses, and the one line that says what doesn't fit."""

from typing import Annotated, Literal

import pytest
from pydantic import Field
from pydantic.dataclasses import dataclass

from mnist_sweep.config.check import check, nearest, shown
from mnist_sweep.config.errors import Unavailable, UserError
from mnist_sweep.config.schema import CONFIG, Bool, Count, Float, Fraction, Positive


@dataclass(frozen=True, config=CONFIG)
class Wheel:
    spokes: Count
    radius: Positive = 1.0
    wear: Fraction = 0.0
    load: Annotated[Float, Field(le=10)] = 1.0
    spare: Bool = False
    rim: Literal["steel", "wood"] = "steel"
    owner: str | None = None
    sizes: Annotated[list[Count], Field(min_length=1)] = Field(default_factory=lambda: [1])


def test_what_fits_becomes_the_dataclass():
    wheel = check(Wheel, {"spokes": 32, "radius": 2, "sizes": [3, 4]}, "wheel")
    assert wheel == Wheel(spokes=32, radius=2.0, sizes=[3, 4])
    assert wheel.rim == "steel"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"spokes": 0}, "wheel.spokes must be at least 1, got 0"),
        ({"spokes": 2.5}, "wheel.spokes must be a whole number, got 2.5"),
        ({"spokes": 3.0}, "wheel.spokes must be a whole number, got 3.0"),
        ({"spokes": True}, "wheel.spokes must be a whole number, got true"),
        ({"spokes": "3"}, "wheel.spokes must be a whole number, got '3'"),
        ({"spokes": None}, "wheel.spokes must be a whole number, got null"),
        ({"radius": 0}, "wheel.radius must be greater than 0.0, got 0"),
        ({"radius": float("nan")}, "wheel.radius must be a finite number, got nan"),
        ({"radius": float("inf")}, "wheel.radius must be a finite number, got inf"),
        ({"radius": "wide"}, "wheel.radius must be a number, got wide"),
        ({"wear": 1}, "wheel.wear must be less than 1.0, got 1"),
        ({"load": 11}, "wheel.load must be at most 10.0, got 11"),
        ({"spare": 1}, "wheel.spare must be true or false, got 1"),
        ({"spare": "yes"}, "wheel.spare must be true or false, got yes"),
        ({"rim": "brass"}, "wheel.rim must be one of steel, wood, got brass"),
        ({"owner": 5}, "wheel.owner must be text, got 5"),
        ({"sizes": []}, "wheel.sizes must be a list that is not empty, got []"),
        ({"sizes": 4}, "wheel.sizes must be a list, got 4"),
        ({"sizes": [4, 0]}, "wheel.sizes.1 must be at least 1, got 0"),
        ({"spoke": 3}, "wheel.spoke is not a known key; did you mean wheel.spokes?"),
    ],
)
def test_what_does_not_fit_is_named_with_what_was_expected_and_given(wrong, message):
    with pytest.raises(UserError) as caught:
        check(Wheel, {"spokes": 32, **wrong}, "wheel")
    assert str(caught.value) == message


def test_a_missing_key_is_named():
    with pytest.raises(UserError, match=r"^wheel\.spokes is missing$"):
        check(Wheel, {}, "wheel")


@pytest.mark.parametrize("section", [None, 5, "text", [1]])
def test_a_section_that_is_no_mapping_is_named(section):
    with pytest.raises(UserError, match=r"^wheel must be a mapping"):
        check(Wheel, section, "wheel")


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("model.filters", ["model.filters_1", "train"], "; did you mean model.filters_1?"),
        ("beta1", ["optimizer.beta_1", "model"], "; did you mean optimizer.beta_1?"),
        ("wrong.beta1", ["optimizer.beta_1", "model"], "; did you mean optimizer.beta_1?"),
        ("zzz", ["b", "a"], "; known are a, b"),
        ("zzz", [], ""),
    ],
)
def test_nearest_hints_at_what_was_meant(name, known, hint):
    assert nearest(name, known) == hint


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (0.1, "0.1"),
        ([1, "a"], "[1, 'a']"),
        ("a\n b\t", "a b"),
        ("3", "'3'"),
        ("-1e-3", "'-1e-3'"),
        ("3a", "3a"),
    ],
)
def test_values_are_shown_as_in_yaml_and_on_one_line(value, text):
    assert shown(value) == text


def test_long_values_are_cut():
    assert shown("x" * 200) == "x" * 77 + "..."
    assert shown("x" * 80) == "x" * 80


def test_an_error_is_one_line_whatever_it_is_made_of():
    assert str(UserError("two\n  lines")) == "two lines"
    assert isinstance(Unavailable("no data"), UserError)
