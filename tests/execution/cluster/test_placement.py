"""Jobs go where most slots are free, and stay within the class of machine that they want."""

import pytest

from mnist_sweep.execution.cluster.placement import Room, choose

A, B, C = Room("a", 2, 1, 0, "x"), Room("b", 4, 2, 0, "x"), Room("c", 8, 0, 0, "y")


@pytest.mark.parametrize(
    ("rooms", "wanted", "expected"),
    [
        ([A, B, C], None, "c"),
        ([A, B, C], "x", "b"),
        ([A, B, C], "z", "c"),  # no node of its class is up
        ([Room("a", 2, 2, 0, "x"), C], "x", None),  # it waits for one of its class
        ([Room("a", 1, 1, 1, "x")], None, "a"),  # what has been trained keeps no slot
        ([Room("a", 1, 2, 2, "x")], None, None),  # unless it piles up
        ([], None, None),
    ],
)
def test_choice(rooms: list[Room], wanted: str | None, expected: str | None) -> None:
    assert choose(rooms, wanted) == expected
