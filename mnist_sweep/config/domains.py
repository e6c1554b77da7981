"""What a key of the search space may be, in Hydra's sweep grammar.

`range` leaves out its stop and lists stay lists, as in https://hydra.cc/docs/plugins/optuna_sweeper and
https://hydra.cc/docs/advanced/override_grammar/extended.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import (
    ChoiceSweep,
    Glob,
    IntervalSweep,
    Override,
    Quote,
    QuotedString,
    RangeSweep,
    Sweep,
    Transformer,
)
from hydra.errors import HydraException

from mnist_sweep.config.check import shown
from mnist_sweep.config.errors import UserError
from mnist_sweep.config.spelling import is_range, range_of, read, spelled

Value = None | bool | int | float | str


@dataclass(frozen=True)
class Choice:
    """One of some values; `literals` are the same as they are written in an override."""

    values: tuple[Value, ...]
    literals: tuple[str, ...]


@dataclass(frozen=True)
class Range:
    """Numbers from low to high, both included; whole ones if `step` is a whole number and the ends are."""

    low: int | float
    high: int | float
    step: int | float | None
    log: bool

    @property
    def is_integer(self) -> bool:
        """Whether its values are whole numbers."""
        return isinstance(self.low, int)


Domain = Choice | Range


def as_number(text: str) -> float | None:
    """Returns a text as a number, None where it is not one."""
    try:
        return float(text)
    except ValueError:
        return None


def literal(domain: Domain, value: Value) -> str:
    """Returns a value of the domain as it is written in an override."""
    if isinstance(domain, Choice):
        return domain.literals[domain.values.index(value)]
    return as_literal(value)


def value_of(domain: Domain, text: str) -> Value:
    """Returns the value of the domain that is written so in an override: the inverse of `literal`."""
    if isinstance(domain, Choice):
        return domain.values[domain.literals.index(text)]
    return int(Decimal(text)) if domain.is_integer else float(text)


def middle(domain: Domain) -> str:
    """Returns the first choice, or the middle of a range, by its logarithm where that is searched, as in overrides."""
    if isinstance(domain, Choice):
        return domain.literals[0]
    value = math.sqrt(domain.low * domain.high) if domain.log else (domain.low + domain.high) / 2
    if domain.step is not None:
        value = domain.low + round((value - domain.low) / domain.step) * domain.step
    return literal(domain, int(value) if domain.is_integer else float(value))


def contains(domain: Domain, text: str) -> bool:
    """Returns whether a value that is written as in an override lies in a domain."""
    if isinstance(domain, Choice):
        return text in domain.literals
    try:
        number = Decimal(text)
    except ArithmeticError:
        return False
    low, high = Decimal(str(domain.low)), Decimal(str(domain.high))
    if not (number.is_finite() and low <= number <= high):
        return False
    return domain.step is None or (number - low) % Decimal(str(domain.step)) == 0


def as_literal(value: Any) -> str:
    """Returns a value as it is written in an override, quoted where it would be read as something else."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "[" + ",".join(as_literal(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{as_literal(key)}:{as_literal(item)}" for key, item in value.items()) + "}"
    if value is not None and not isinstance(value, str | int | float):
        value = str(value)  # of YAML's other kinds, such as bytes: told where its key is checked
    text = str(Transformer.str(value))
    if isinstance(value, str):
        try:
            same = OverridesParser.create().parse_override(f"key={text}").value() == value
        except HydraException:
            same = False
        return text if same and text else QuotedString(value, Quote.single).with_quotes()
    return text


def _items(override: Override, where: str) -> list[Any]:
    """The values of a choice or a range, or the one value of an override that is none.

    In the order they are written in: one drawn anew each time, as by `shuffle`, would be another space each time.
    """
    value = override.value()
    if isinstance(value, ChoiceSweep | RangeSweep):
        value.shuffle = False
    try:
        items = list(override.sweep_iterator()) if override.is_sweep_override() else [value]
    except HydraException:
        raise UserError(f"{where} must list its values: glob is not for searches") from None
    if not items:
        raise UserError(f"{where} must have at least one value, got {shown(override.input_line)}")
    if any(isinstance(item, Sweep) for item in items):
        raise UserError(f"{where} must be a choice, a range, an interval or a value, got {shown(override.input_line)}")
    return items


def globbed(key: str, text: str, options: Iterable[str]) -> list[str]:
    """Returns those options of a group that `glob(...)` means; raises UserError where there are none."""
    value = read(f"{key}={text}", f"search.space.{key}").value()
    found: list[str] = sorted(value.filter(list(options))) if isinstance(value, Glob) else []
    if not found:
        raise UserError(f"{key} must have at least one option, got {text}; known are {', '.join(options)}")
    return found


def _unquoted(item: Any) -> Any:
    """Returns a value of Hydra's parser without its quotation marks, those within lists and dictionaries included."""
    if isinstance(item, list):
        return [_unquoted(one) for one in item]
    if isinstance(item, dict):
        return {_unquoted(key): _unquoted(value) for key, value in item.items()}
    return item.text if isinstance(item, QuotedString) else item


def _choice(items: list[Any]) -> Choice:
    pairs: dict[str, Value] = {}
    for item in items:
        plain = _unquoted(item)
        text = as_literal(plain)
        pairs[text] = text if isinstance(plain, list | dict) else plain
    values = list(pairs.values())
    if len(set(values)) < len(values):  # 1, 1.0 and true are equal in Python
        values = list(pairs)
    return Choice(tuple(values), tuple(pairs))


def choice_of(override: Override, where: str) -> Choice:
    """Returns the values of an override, one or several, as a choice; raises UserError with `where`."""
    return _choice(_items(override, where))


def _range(sweep: RangeSweep, key: str) -> Range:
    assert sweep.start is not None
    assert sweep.stop is not None
    if not sweep.step:
        raise UserError(f"{key} must have a range with a step other than 0")
    values = sweep.range()
    if isinstance(values, range):
        if not values:
            raise UserError(f"{key} must have a range that is not empty, got {sweep.start} to {sweep.stop}")
        low, high = sorted((values[0], values[-1]))
        return Range(low, high, abs(values.step), "log" in sweep.tags)
    start, stop, step = (Decimal(str(number)) for number in (sweep.start, sweep.stop, sweep.step))
    count = math.ceil((stop - start) / step) if all(n.is_finite() for n in (start, stop, step)) else 0
    if count <= 0:
        raise UserError(f"{key} must have a range that is finite and not empty, got {start} to {stop} by {step}")
    ends = sorted((float(start), float(start + (count - 1) * step)))
    return Range(ends[0], ends[1], abs(float(step)), "log" in sweep.tags)


def _interval(sweep: IntervalSweep, key: str) -> Range:
    low, high = sweep.start, sweep.end
    assert low is not None
    assert high is not None
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise UserError(f"{key} must have an interval from a lower to a higher finite number, got {low} to {high}")
    whole = isinstance(low, int) and isinstance(high, int)
    return Range(low, high, 1 if whole else None, "log" in sweep.tags)


def _check_tags(value: Any, key: str) -> None:
    """Raises UserError for a tag that would not count."""
    for tag in sorted(value.tags) if isinstance(value, Sweep) else ():
        if tag != "log":
            raise UserError(f"{key} must have no tag but log, got tag({tag},...)")
        if isinstance(value, ChoiceSweep):
            raise UserError(f"{key} must be a range or an interval to be searched by its logarithm, got a choice")


def parse_domain(key: str, text: Any) -> Domain:
    """Returns the domain of a key, from the part behind `=` of an override; a single value is a choice of one."""
    if isinstance(text, bool) or text is None:
        text = {True: "true", False: "false", None: "null"}[text]
    where = f"search.space.{key}"
    if is_range(text):
        text = range_of(text, where)
    override = read(spelled(f"{key}={text}"), where)
    value = override.value()
    _check_tags(value, key)
    if isinstance(value, IntervalSweep):
        domain = _interval(value, key)
    elif isinstance(value, RangeSweep) and not value.shuffle:
        domain = _range(value, key)
    else:
        return _choice(_items(override, where))
    if domain.log and domain.low <= 0:
        raise UserError(f"{key} must be greater than 0 to be searched by its logarithm, got {domain.low}")
    if domain.log and domain.step is not None and not (domain.is_integer and domain.step == 1):
        raise UserError(f"{key} must have a step of 1, or none, to be searched by its logarithm")
    return domain
