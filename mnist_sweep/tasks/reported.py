"""What may be reported: numbers that are finite, under names that are words."""

import math
import numbers
from typing import Any

from mnist_sweep.config.metrics import RESERVED, can_be_reported


def number(name: str, value: Any) -> float:
    """Returns a metric as a float.

    Raises:
        TypeError: It is no number.
        FloatingPointError: It is not finite.
    """
    if isinstance(value, bool) or not (isinstance(value, numbers.Real) or getattr(value, "shape", None) == ()):
        raise TypeError(f"{name} must be a number, got {value!r}")
    try:
        found = float(value)
    except OverflowError:
        raise FloatingPointError(f"{name} is too large for a floating-point number") from None
    if not math.isfinite(found):
        raise FloatingPointError(f"{name} became {found}")
    return found


def check_name(name: str) -> None:
    """Raises ValueError for a name that a metric can't have: it is kept for what every trial has, or is no word."""
    if not can_be_reported(name):
        raise ValueError(
            f"a metric can't have the name {name!r}: letters, digits and _, and none of {', '.join(RESERVED)}"
        )
