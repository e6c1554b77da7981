"""Plain data into dataclasses; what doesn't fit becomes one line that names the key."""

import difflib
import re
from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from mnist_sweep.config.errors import UserError

T = TypeVar("T")
LISTED = 15  # names that fit into a line
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)

_BOUNDS = {
    "greater_than_equal": ("at least {ge}", "ge"),
    "greater_than": ("greater than {gt}", "gt"),
    "less_than_equal": ("at most {le}", "le"),
    "less_than": ("less than {lt}", "lt"),
}
_TYPES = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "text",
    "list_type": "a list",
    "dict_type": "a mapping",
    "dataclass_type": "a mapping",
    "string_pattern_mismatch": "a name without slashes and line ends",
    "string_too_short": "text that is not empty",
    "byte_size": "a number of bytes, such as 4GB",
    "byte_size_unit": "a number of bytes, such as 4GB",
    "too_long": "a shorter list",
    "too_short": "a list that is not empty",
}


def nearest(name: str, known: Iterable[str]) -> str:
    """Returns a hint for an unknown name: `; did you mean ...?`, or all known names if none is similar."""
    known = sorted(known)
    match = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if not match:  # the last part alone: beta1 for optimizer.beta_1 even under a wrong group
        last = {key.rsplit(".", 1)[-1]: key for key in known}
        match = [last[n] for n in difflib.get_close_matches(name.rsplit(".", 1)[-1], last, n=1, cutoff=0.7)]
    if match:
        return f"; did you mean {match[0]}?"
    if len(known) > LISTED:
        known = sorted({key.partition(".")[0] for key in known})
    return f"; known are {', '.join(known)}" if known else ""


def shown(value: Any, limit: int = 80) -> str:
    """Returns a value as it is quoted in an error: on one line, at most `limit` characters.

    A text that could be read as a number has quotation marks.
    """
    text = " ".join(str(value).split()) if isinstance(value, str) else repr(value)
    if isinstance(value, str) and _NUMBER.fullmatch(text):
        text = repr(text)
    text = {"None": "null", "True": "true", "False": "false", "": "nothing"}.get(text, text)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _sentence(error: Any, key: str, known: Iterable[str]) -> str:
    kind, context, given = error["type"], error.get("ctx", {}), error["input"]
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        prefix = key.rpartition(".")[0]
        names = [f"{prefix}.{name}" if prefix else name for name in known]
        return f"{key} is not a known key{nearest(key, names)}"
    if kind in ("missing", "missing_argument"):
        return f"{key} is missing"
    if kind in _BOUNDS:
        text, bound = _BOUNDS[kind]
        expected = text.format(**{bound: context[bound]})
    elif kind == "literal_error":
        expected = "one of " + context["expected"].replace("'", "").replace(" or ", ", ")
    elif kind == "value_error":
        return f"{key} {context['error']}"
    else:
        expected = _TYPES.get(kind) or error["msg"].removeprefix("Input should be ")
    return f"{key} must be {expected}, got {shown(given)}{_searched(key, given)}"


def _searched(key: str, given: Any) -> str:
    """Returns a hint where values to be searched are given as a list, which would be one value."""
    if (
        key.partition(".")[0] not in ("model", "optimizer", "train", "params")
        or not isinstance(given, list)
        or not given
    ):
        return ""
    if any(isinstance(item, list | dict) for item in given):
        return ""
    return f"; to search these values: {key}=choice({','.join(shown(item) for item in given)})"


def check(kind: type[T], value: Any, key: str) -> T:
    """Returns plain data as an instance of a type that pydantic checks.

    Args:
        kind: The type.
        value: The plain data.
        key: Where it lies in the configuration, for messages.

    Raises:
        UserError: The value does not fit; the message names the first key that is wrong.
    """
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as problem:
        error = problem.errors(include_url=False)[0]
        location = [str(part) for part in error["loc"] if part != "[key]"]  # of a mapping, whose name is wrong
        known = getattr(kind, "__dataclass_fields__", {})
        raise UserError(_sentence(error, ".".join(filter(None, [key, *location])), known)) from None
