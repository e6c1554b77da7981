"""A function by name with its arguments."""

import datetime

import pytest

from mnist_sweep.config.component import Component, parse_component, section
from mnist_sweep.config.errors import UserError


def test_a_component_is_its_name_and_its_arguments_and_back() -> None:
    plain = {"_target_": "mine.net", "units": [8], "deep": {"a": None}}
    found = parse_component(plain, "model", ["mine"])
    assert found == Component("mine.net", {"units": [8], "deep": {"a": None}})
    assert (found.name, found.plain()) == ("net", plain)
    assert found.plain({"name": "x"}) == {"_target_": "mine.net", "name": "x", "units": [8], "deep": {"a": None}}


@pytest.mark.parametrize(
    ("plain", "message"),
    [
        (None, "model must be one of the options of its group or a mapping, got null"),
        ({"a": [float("inf")]}, r"model\.a\.0 must be a finite number, got inf"),
        ({1: 2}, "model has a key that is not text: 1"),
        ({"a": [datetime.date(2020, 1, 1)]}, r"model\.a\.0 must be text, a number, true, false, null, a list or a map"),
    ],
)
def test_a_section_is_plain_data(plain: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        section(plain, "model")
