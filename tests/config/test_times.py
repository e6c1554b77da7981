"""Durations and times of the day as a person writes them."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_sweep.config.times import duration_text, next_time, seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [(90, 90), (0.5, 0.5), ("90s", 90), ("1h30m", 5400), ("1h 30m", 5400), ("1.5h", 5400), ("2d", 172800),
     ("1d2h3m4s", 93784), (" 10m ", 600)],
)  # fmt: skip
def test_a_duration_is_read_in_seconds(text: str | float, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("wrong", ["", "h", "1h30", "30m1h", "1 hour", "-1h", "1m1m", True, None, [1]])
def test_what_is_no_duration_is_told(wrong: object) -> None:
    with pytest.raises(ValueError, match="such as 1h30m"):
        seconds_of(wrong)


@given(st.integers(min_value=1, max_value=10**7))
def test_a_duration_is_written_as_it_is_read(seconds: int) -> None:
    assert seconds_of(duration_text(seconds)) == seconds


def test_parts_of_a_second_are_written_too() -> None:
    assert (duration_text(0.25), duration_text(5400), duration_text(61)) == ("0.25s", "1h30m", "1m1s")


def test_a_time_of_the_day_is_the_next_one() -> None:
    evening = datetime(2026, 11, 26, 22, 15, 3)
    assert next_time("07:00", evening) == datetime(2026, 11, 27, 7, 0)
    assert next_time("23:30", evening) == datetime(2026, 11, 26, 23, 30)
    assert next_time("22:15", evening) == datetime(2026, 11, 27, 22, 15)
    assert next_time("0:00", datetime(2026, 12, 31, 23, 59)) == datetime(2027, 1, 1)
