"""Checks a search space against what its keys take, before anything is trained."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from mnist_sweep.config.check import nearest, shown
from mnist_sweep.config.compose import Composer
from mnist_sweep.config.domains import Choice, Domain, as_literal, as_number, contains, literal
from mnist_sweep.config.errors import UserError
from mnist_sweep.config.flatten import is_within
from mnist_sweep.config.space import Condition, Parameter, holds
from mnist_sweep.config.task import Task
from mnist_sweep.config.traits import traits
from mnist_sweep.config.trial import TrialConfig


@dataclass(frozen=True)
class Example:
    """A trial that has a value of a searched parameter.

    Attributes:
        key: The parameter.
        text: Its value, written as in an override.
        overrides: All that differs from the base configuration, other parameters that the value needs included.
        config: The trial's configuration.
    """

    key: str
    text: str
    overrides: Mapping[str, str]
    config: TrialConfig


def ends(domain: Domain) -> list[str]:
    """Returns every choice, or both ends of a range, written as in an override."""
    if isinstance(domain, Choice):
        return list(domain.literals)
    return [literal(domain, value) for value in dict.fromkeys((domain.low, domain.high))]


def _inside(condition: Condition) -> list[str]:
    """Returns the bounds of a condition that belong to it, written as in an override."""
    bounds = [] if condition.is_open or condition.literals else [condition.low, condition.high]
    return [as_literal(int(one) if one.is_integer() else one) for one in map(float, bounds) if math.isfinite(one)]


def _way_to(
    parameter: Parameter, parameters: Iterable[Parameter], base: Mapping[str, str], behind: tuple[str, ...] = ()
) -> dict[str, str] | None:
    """Returns values of others under which a parameter is searched; None if the base configuration rules it out.

    `behind` are the keys whose conditions have led here; raises UserError where they go in a circle.
    """
    condition = parameter.condition
    if condition is None or holds(condition, base):
        return {}
    if parameter.key in behind:
        raise UserError(f"search.when: the conditions of {' and '.join(dict.fromkeys(behind))} go in a circle")
    for other in parameters:
        if other.key == condition.key and other is not parameter:
            for text in dict.fromkeys([*condition.literals, *_inside(condition), *ends(other.domain)]):
                if condition.admits(text) and contains(other.domain, text):
                    way = _way_to(other, parameters, base, (*behind, parameter.key))
                    if way is not None:
                        return {**way, other.key: text}
    return None


def _check_condition(
    composer: Composer, parameter: Parameter, parameters: list[Parameter], base: Mapping[str, str]
) -> None:
    """Raises UserError for a condition on nothing, or on a value that its key can never have."""
    condition = parameter.condition
    if condition is None:
        return
    options = composer.options(condition.key) if "." not in condition.key else ()
    domains = [other.domain for other in parameters if other.key == condition.key]
    if condition.key not in base and not domains:
        raise UserError(f"search.when: {condition.key} is not a known key{nearest(condition.key, base)}")
    for text in condition.literals:
        if options and text not in options:
            raise UserError(f"search.when: {condition.key} must be one of {', '.join(options)}, got {shown(text)}")
    texts = [text for domain in domains for text in (*condition.literals, *_inside(condition), *ends(domain))
             if contains(domain, text)]  # fmt: skip
    if domains and not any(map(condition.admits, texts)) and not holds(condition, base):
        raise UserError(f"search.when: {condition.key} is never {condition.said} in search.space")
    if not domains and not condition.literals and as_number(base[condition.key]) is None:
        raise UserError(
            f"search.when: {condition.key} must be a number to be {condition.said}, got {shown(base[condition.key])}"
        )


def reachable(parameters: list[Parameter], base: Mapping[str, str]) -> list[Parameter]:
    """Returns the parameters that a trial can have; conditions on fixed keys of the base may rule some out."""
    return [parameter for parameter in parameters if _way_to(parameter, parameters, base) is not None]


def _fits_always(_config: TrialConfig) -> None:
    """Nothing is known yet of the data that it must fit."""


def check_space(
    composer: Composer,
    parameters: list[Parameter],
    base: Mapping[str, str],
    task: Task,
    fits: Callable[[TrialConfig], None] = _fits_always,
) -> list[Example]:
    """Composes a trial for every choice and both ends of every range.

    A value that the base configuration can't have, such as a list of another length than a second list has, may need a
    value of another parameter; it is wrong only if there is none of a single other one.

    Args:
        composer: Composes them.
        parameters: The search space.
        base: The base configuration's values as in overrides, the chosen options of groups included.
        task: The task, whose sections are searched.
        fits: Raises UserError for a trial that can't be trained.

    Returns:
        These trials.

    Raises:
        UserError: One of them can't be composed, or trained.
    """
    examples: list[Example] = []
    if not parameters:
        example = "model.dropout" if "model" in task.sections else f"{next(iter(task.sections), 'params')}.x"
        raise UserError(f"search.space must not be empty: add a parameter, such as '{example}=interval(0.0,0.5)'")
    fixed = ("study", *traits(task).not_searched)
    for parameter in parameters:
        if any(is_within(parameter.key, key) for key in fixed):
            raise UserError(f"search.space must not have {parameter.key}: trials could then not be compared")
        searched = [section for section in task.sections if section not in fixed]
        if parameter.key.split(".")[0] not in searched:
            known = [key for key in base if key.split(".")[0] in searched]
            raise UserError(f"search.space: {parameter.key} is not a key of a trial{nearest(parameter.key, known)}")
        _check_condition(composer, parameter, parameters, base)
        for way in _ways(parameter, parameters, base):
            for text in ends(parameter.domain):
                overrides = {**way, parameter.key: text}
                others = [other for other in parameters if "." in other.key and other.key not in overrides
                          and (other.condition is None or holds(other.condition, {**base, **overrides}))]  # fmt: skip
                examples.append(_example(composer, parameter, overrides, others, fits))
    return examples


def _example(
    composer: Composer, parameter: Parameter, overrides: dict[str, str], others: Iterable[Parameter],
    fits: Callable[[TrialConfig], None],
) -> Example:  # fmt: skip
    """Returns a trial of some overrides, or of these and a value of one of the others; raises the first UserError."""
    more: list[dict[str, str]] = [{other.key: text} for other in others for text in ends(other.domain)]
    wrong: UserError | None = None
    for one in ({}, *more):
        try:
            config = _composed(composer, parameter, {**overrides, **one}, fits)
        except UserError as error:
            wrong = wrong or error
        else:
            return Example(parameter.key, overrides[parameter.key], {**overrides, **one}, config)
    assert wrong is not None
    raise wrong


def _ways(parameter: Parameter, parameters: list[Parameter], base: Mapping[str, str]) -> Iterable[dict[str, str]]:
    """Returns overrides under which a parameter is searched: one set for every searched option of its group."""
    way = _way_to(parameter, parameters, base)
    if way is None:
        return
    group = parameter.key.partition(".")[0]
    others = [other for other in parameters if other.key == group and other is not parameter]
    options = {text for other in others for text in ends(other.domain)}
    if not options or group in way:
        yield way
        return
    condition = parameter.condition
    for option in sorted(options):
        if condition is None or condition.key != group or condition.admits(option):
            yield {**way, group: option}


def _composed(
    composer: Composer, parameter: Parameter, overrides: dict[str, str], fits: Callable[[TrialConfig], None]
) -> TrialConfig:
    try:
        config = composer.config(overrides)
        fits(config)
        return config
    except UserError as error:
        hint = ""
        group = parameter.key.partition(".")[0]
        if "must be a whole number" in str(error) and not isinstance(parameter.domain, Choice):
            hint = "; write int(interval(...)) or a range of whole numbers"
        elif "is not a known key" in str(error) and group in overrides and group != parameter.key:
            hint = f" (with {group}={overrides[group]}: put it under search.when, where {group} has another value)"
        elif not str(error).startswith(parameter.key):
            hint = f" (with {parameter.key}={overrides[parameter.key]})"
        raise UserError(f"search.space: {error}{hint}") from None
