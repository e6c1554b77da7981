"""Overrides as a person writes them: put into Hydra's grammar where the meaning is plain, else told how to write."""

import re
from collections.abc import Mapping
from typing import Any, TypeGuard

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, Quote, QuotedString
from hydra.errors import HydraException

from mnist_sweep.config.check import shown
from mnist_sweep.config.errors import UserError

# Their values are text, whatever it looks like: 2024 is a name, and a comma belongs to a path.
TEXTS = ("runs_folder", "study", "study.name", "study.note", "study.on_event", "study_name", "data.path",
         "data.test_path", "data.groups", "runtime.address", "tracking.uri", "tracking.experiment", "file", "run", "to",
         "output")  # fmt: skip
TAGS = "study.tags."  # how the keys of texts that a person makes up begin
STUDIES = ("study", "study_name")  # of which `report` takes several
# Lists of texts that Hydra's grammar takes in quotes alone: overrides, comparisons.
QUOTED = ("search.start", "search.constraints")
GRAMMAR = re.compile(r"[(){}\[\],'\"$]")  # a value without them is text
# How other libraries write a range, and how Hydra's grammar does.
ELSEWHERE = {
    "uniform": "interval({0})",
    "quniform": "range({0})",
    "loguniform": "tag(log,interval({0}))",
    "log": "tag(log,interval({0}))",
    "log_uniform": "tag(log,interval({0}))",
    "randint": "range({0})",
    "int": "range({0})",
    "float": "interval({0})",
    "grid": "choice({0})",
    "grid_search": "choice({0})",
    "categorical": "choice({0})",
}


def _parsed(text: str) -> Override | None:
    try:
        return OverridesParser.create().parse_override(text)
    except (HydraException, ValueError, ArithmeticError, TypeError):
        return None


def _quoted(key: str, value: str) -> str:
    return f"{key}={QuotedString(value, Quote.single).with_quotes()}"


def is_range(value: Any) -> TypeGuard[Mapping[str, Any]]:
    """Returns whether a value is a mapping that describes a range, as Hydra's Optuna sweeper once took it."""
    return isinstance(value, Mapping) and value.get("type") in ("int", "float", "categorical")


def range_of(mapping: Mapping[str, Any], key: str) -> str:
    """Returns a range as text, from a mapping with `type`, and `low` and `high` or `choices`.

    Args:
        mapping: The mapping; `step` and `log` may be in it.
        key: What it is the range of, for messages.

    Raises:
        UserError: Something is missing or unknown.
    """
    known = {"categorical": {"choices"}, "int": {"low", "high", "step", "log"}, "float": {"low", "high", "step", "log"}}
    kind, given = mapping["type"], {name: value for name, value in mapping.items() if name != "type"}
    wanted = {"choices"} if kind == "categorical" else {"low", "high"}
    if not wanted <= set(given) <= known[kind]:
        raise UserError(f"{key} must have {' and '.join(sorted(wanted))} with type {kind}, got {shown(dict(mapping))}")
    if kind == "categorical":
        return f"choice({','.join(_item(value) for value in given['choices'])})"
    low, high, step = given["low"], given["high"], given.get("step")
    try:
        low, high = (float(low), float(high)) if kind == "float" else (low, high)
        text = f"interval({low},{high})" if step is None else f"range({low},{high + step},{step})"
    except (TypeError, ValueError):
        raise UserError(f"{key} must have numbers as low and high, got {shown(dict(mapping))}") from None
    text = f"int({text})" if kind == "int" and step is None else text
    return f"tag(log,{text})" if given.get("log") else text


def dotted(space: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Returns a search space by dotted key; a mapping that describes a range is a value."""
    found: dict[str, Any] = {}
    for name, value in space.items():
        key = f"{path}{name}"
        if isinstance(value, Mapping) and not is_range(value):
            found |= dotted(value, f"{key}.")
        else:
            found[key] = range_of(value, f"search.space.{key}") if is_range(value) else value
    return found


def _item(value: Any) -> str:
    return {"None": "null", "True": "true", "False": "false"}.get(str(value), str(value))


def spelled(text: str) -> str:
    """Returns an override in Hydra's grammar, as it is where its meaning is not plain."""
    key, equals, value = text.partition("=")
    if key != key.strip() or not equals or not value or value == "null" or value[0] in "'\"" or "${" in value:
        return text
    override = _parsed(text)
    if override is None and key in QUOTED:
        return f"{key}={_quoted_items(value)}"
    if key in TEXTS or key.lstrip("+").startswith(TAGS):
        kinds = (str, list) if key in STUDIES else str
        return text if override is not None and isinstance(override.value(), kinds) else _quoted(key, value)
    if override is not None:
        described = override.value()
        return f"{key}={range_of(described, key)}" if is_range(described) else text
    if (choice := re.fullmatch(r"choice\((.*null.*)\)", value)) and _parsed(f"{key}={choice[1]}") is not None:
        return f"{key}={choice[1]}"  # of null, which Hydra takes in a list alone
    return text if GRAMMAR.search(value) else _quoted(key, value)


def _quoted_items(value: str) -> str:
    """Returns a list of texts, or lists of them, with each text in quotes: [[a=1,b=2],c=3]."""
    value = value.strip()
    if value.startswith("[") and value.endswith("]") and value != "[]":
        return f"[{','.join(map(_quoted_items, _items(value[1:-1])))}]"
    if value[:1] in ("'", '"', "{"):
        return value
    return str(QuotedString(value, Quote.single).with_quotes())


def _items(text: str) -> list[str]:
    """Returns the parts between commas that are in no brackets and no quotes."""
    found, depth, quote = [""], 0, ""
    for letter in text:
        if quote or letter in "'\"":
            quote = "" if letter == quote else quote or letter
        else:
            depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and not depth and not quote:
            found.append("")
        else:
            found[-1] += letter
    return found


def hint(text: str) -> str:
    """Returns what to write instead of an override that Hydra's grammar does not take."""
    key, equals, value = text.partition("=")
    if not re.fullmatch(r"[+~]*\w[\w.@/:-]*\s*", key):
        return "write KEY=VALUE"
    if not equals:
        return f"write {key.strip()}=VALUE"
    if key != key.strip():
        return f"write {key.strip()}={value.strip()}, without blanks around the ="
    return _hint(key, value)


def _hint(key: str, value: str) -> str:
    if value.count("(") != value.count(")"):
        return "a parenthesis is missing"
    if value.endswith(","):
        return "leave out the comma at its end"
    if function := re.fullmatch(r"([\w.]+)\((.*)\)", value):
        name = function[1].rpartition(".")[2]
        if name in ELSEWHERE:
            return f"write {key}={ELSEWHERE[name].format(function[2])}"
        return "write choice(a,b,c), range(start,stop,step), interval(low,high) or tag(log,interval(low,high))"
    if value[:1] in ("{", "["):
        return "in a list or a mapping, texts with other characters than letters, digits, _ . - and / need quotes"
    return f"quote its value: {_quoted(key, value)}"


def read(text: str, where: str | None = None) -> Override:
    """Returns a parsed override.

    Args:
        text: The override, in Hydra's grammar.
        where: Its key, for the message; None for the override itself.

    Raises:
        UserError: It can't be read; the message shows what to write.
    """
    override = _parsed(text)
    if override is None:
        given = f"{where} can't be read: {shown(text, 160)}" if where else f"{shown(text, 160)} can't be read"
        yaml = "; between { and } YAML ends a value at a comma: quote it, or write it on a line of its own"
        raise UserError(f"{given}: {hint(text)}{yaml if where and text.count('(') > text.count(')') else ''}")
    return override
