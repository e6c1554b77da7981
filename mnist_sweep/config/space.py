"""The search space: which keys are searched, among what, and under which conditions."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mnist_sweep.config.check import shown
from mnist_sweep.config.domains import Choice, Domain, as_number, choice_of, parse_domain
from mnist_sweep.config.errors import UserError
from mnist_sweep.config.spelling import read


@dataclass(frozen=True)
class Condition:
    """What a key must be: one of these values, written as in an override, or a number within bounds.

    Attributes:
        key: The key.
        literals: The values; none for a number within bounds.
        low, high: The bounds, which may be infinite.
        is_open: Whether the bounds themselves are outside.
        text: The bounds as they are written.
    """

    key: str
    literals: tuple[str, ...] = ()
    low: float = -math.inf
    high: float = math.inf
    is_open: bool = False
    text: str = ""

    @property
    def said(self) -> str:
        """What the key must be, in words."""
        return self.text or " or ".join(self.literals)

    def admits(self, text: str | None) -> bool:
        """Returns whether a value, written as in an override, is one of those."""
        number = None if text is None else as_number(text)
        if self.literals:
            return text in self.literals or (number is not None and number in map(as_number, self.literals))
        if number is None:
            return False
        return self.low < number < self.high if self.is_open else self.low <= number <= self.high


@dataclass(frozen=True)
class Parameter:
    """A key of the configuration, what it may be, and when it is searched at all."""

    key: str
    domain: Domain
    condition: Condition | None = None


def holds(condition: Condition | None, literals: Mapping[str, str]) -> bool:
    """Returns whether a condition is met by values written as in an override."""
    return condition is None or condition.admits(literals.get(condition.key))


def active(parameters: Iterable[Parameter], literals: Mapping[str, str]) -> dict[str, Domain]:
    """Returns the domain of each key that is searched where the configuration has these values.

    A key that has several ranges, each under a condition of its own, has that of the first condition which holds.
    """
    found: dict[str, Domain] = {}
    for parameter in parameters:
        if parameter.key not in found and holds(parameter.condition, literals):
            found[parameter.key] = parameter.domain
    return found


_COMPARISON = re.compile(r"\s*([\w.]+)\s*(<=|>=|<|>)\s*(\S+)\s*")
_WITHIN = re.compile(r"\s*([\w.]+)\s+in\s+(.+?)\s*")


def _compared(match: re.Match[str]) -> Condition:
    key, sign, text = match.groups()
    bound = as_number(text)
    if bound is None or not math.isfinite(bound):
        raise UserError(f"search.when must compare with numbers, such as {key}{sign}5, got {shown(match[0])}")
    ends = (-math.inf, bound) if sign[0] == "<" else (bound, math.inf)
    return Condition(key, (), *ends, sign in ("<", ">"), f"{sign}{text}")


def _within(key: str, text: str) -> Condition:
    """A condition with `in`: a list, a choice, a range of numbers or an interval."""
    if text.startswith("["):
        text = f"choice({text[1:-1]})"
    domain = parse_domain(key, text if "(" in text else f"choice({text})")
    if isinstance(domain, Choice):
        return Condition(key, domain.literals)
    if domain.step is not None and domain.is_integer:
        assert isinstance(domain.low, int)
        values = range(domain.low, int(domain.high) + 1, int(domain.step))
        if text.startswith("range"):
            return Condition(key, tuple(map(str, values)))
    return Condition(key, (), domain.low, domain.high, False, f"in {text}")


def parse_condition(text: str) -> Condition:
    """Returns a condition.

    Args:
        text: `key=value`, `key=value,value` or `key in [value,value]` for any of them; `key>number`, or with >=, < or
            <=; `key in interval(low,high)`.

    Raises:
        UserError: It is none of these.
    """
    if match := _COMPARISON.fullmatch(text):
        return _compared(match)
    if match := _WITHIN.fullmatch(text):
        return _within(match[1], match[2])
    override = read(text, "search.when")
    if override.value_type is None or not (override.is_choice_sweep() or not override.is_sweep_override()):
        raise UserError(f"search.when must have conditions such as optimizer=adam, got {shown(text)}")
    return Condition(override.get_key_element(), choice_of(override, "search.when").literals)


def parse_space(space: Mapping[str, Any], when: Mapping[str, Mapping[str, Any]]) -> list[Parameter]:
    """Returns all parameters, those without a condition first; raises UserError for the first that is not valid."""
    parameters = [Parameter(key, parse_domain(key, text)) for key, text in space.items()]
    for text, more in when.items():
        condition = parse_condition(text)
        for key, value in more.items():
            domain = parse_domain(key, value)
            for other in parameters:
                if other.key == key and (
                    other.condition is None
                    or (other.domain != domain and isinstance(domain, Choice) | isinstance(other.domain, Choice))
                ):
                    raise UserError(f"search.when.{text}: {key} is searched elsewhere with another range; give it once")
            parameters.append(Parameter(key, domain, condition))
    return parameters
