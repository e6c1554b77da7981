"""Times as a person writes them: durations such as 1h30m, and times of the day such as 07:00."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from mnist_sweep.config.check import shown

UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}  # seconds
_NUMBER = r"\d+(?:\.\d+)?"
_DURATION = re.compile("".join(rf"(?:({_NUMBER})\s*{unit}\s*)?" for unit in UNITS))
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def seconds_of(value: Any) -> float:
    """Returns a duration in seconds.

    Args:
        value: Seconds as a number, or a text of days, hours, minutes and seconds such as 2d, 1h30m, 1.5h or 90s.

    Raises:
        ValueError: It is neither.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or not any(match.groups()):
        raise ValueError(f"must be a number of seconds, or a duration such as 1h30m, got {shown(value)}")
    return sum(float(number) * UNITS[unit] for unit, number in zip(UNITS, match.groups(), strict=True) if number)


def duration_text(seconds: float) -> str:
    """Returns seconds as `seconds_of` reads them: 5400 is 1h30m."""
    if seconds < 1 or seconds != round(seconds):
        return f"{seconds:g}s"
    left, parts = round(seconds), []
    for unit, size in UNITS.items():
        count, left = divmod(left, size)
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts)


def _clock(value: Any) -> str:
    """YAML reads 17:00 without quotes as a number, 1020."""
    if not isinstance(value, str) or not _CLOCK.fullmatch(value.strip()):
        hint = ", in quotes where YAML takes it for a number" if isinstance(value, int) else ""
        raise ValueError(f"must be a time of the day such as 07:00{hint}, got {shown(value)}")
    return value.strip()


def next_time(clock: str, now: datetime) -> datetime:
    """Returns when a time of the day comes next.

    Args:
        clock: Hours and minutes, such as 07:00.
        now: From when on, in local time; that very minute is tomorrow's.
    """
    hour, minute = map(int, clock.split(":"))
    found = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return found if found > now else found + timedelta(days=1)


Duration = Annotated[float, BeforeValidator(seconds_of), Field(gt=0), AfterValidator(float)]
Clock = Annotated[str, BeforeValidator(_clock)]
