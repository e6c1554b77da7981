"""Numbers, durations and overrides as text for people."""

import statistics
from collections.abc import Mapping, Sequence


def duration(seconds: float) -> str:
    """Returns seconds as `42 s`, `3 min 05 s` or `2 h 07 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def _short_value(text: str) -> str:
    try:
        number = float(text)
    except ValueError:
        return text
    return text if text.lstrip("-").isdigit() else f"{number:.4g}"


def _short_key(key: str) -> str:
    """The last part of a key; of a list's element also the list's name."""
    rest, _, last = key.rpartition(".")
    return f"{rest.rpartition('.')[2]}.{last}" if last.isdigit() and rest else last


def short(overrides: Mapping[str, str]) -> str:
    """Returns overrides without their groups and with numbers of four digits, as much as fits in a table.

    Args:
        overrides: Keys and their values as they are written in an override.
    """
    texts = [f"{_short_key(key)}={_short_value(text)}" for key, text in overrides.items()]
    return " ".join(texts) or "the base configuration"


def fenced(command: str) -> str:
    """Returns a command as a Markdown code block, also where the command itself contains backquotes."""
    fence = "`" * (3 + command.count("```"))
    return f"{fence}\n{command}\n{fence}"


def spread_text(values: Sequence[float], of: str = "seeds") -> str:
    """Returns the standard deviation of a value over seeds or folds, ` ± 0.0012 over 3 seeds`; empty for one value."""
    return f" ± {statistics.stdev(values):.4f} over {len(values)} {of}" if len(values) > 1 else ""


def plural(count: int, noun: str) -> str:
    """Returns `1 epoch` or `3 epochs`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
