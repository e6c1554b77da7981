"""The smallest and the largest network of a search, found by building its networks, and some of their steps timed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mnist_sweep.config import UserError
from mnist_sweep.config.domains import as_number
from mnist_sweep.config.space import holds
from mnist_sweep.config.space_check import Example, ends
from mnist_sweep.driver.plan import Plan
from mnist_sweep.driver.probe import Probe, probe
from mnist_sweep.tasks.data import known

BASE, SMALLEST, LARGEST = NETWORKS = ("base (trial 0)", "smallest", "largest")
Overrides = Mapping[str, str]
Found = Mapping[str, float]  # what `probe` has found of a network


@dataclass(frozen=True)
class TimedNetwork:
    """A network of the search, as overrides of the base configuration, and what was found of it."""

    overrides: Overrides
    found: Found


def timed_networks(plan: Plan, steps: int, names: Sequence[str] = NETWORKS) -> dict[str, TimedNetwork]:
    """Builds and times networks of a search; trains nothing and writes nothing.

    A network that is known not to meet `search.constraints` is never trained, and so none of them is the largest.

    Which end of each parameter makes the network larger is found by building all of them. Meanwhile the networks are
    timed that the higher and lower ends of all numbers make; where that guess was wrong, they are timed again.

    Args:
        plan: The search.
        steps: How many steps of each network are timed.
        names: Which of `NETWORKS` are timed.

    Returns:
        The networks by name.

    Raises:
        UserError: A network can't be built.
    """
    tries = _tries(plan)
    guess = _networks(plan, tries, _guess(tries, min), _guess(tries, max))
    alone = _alone(tries)
    found: dict[str, Found] = {}
    try:
        sizes, timed = probe(plan, alone, Probe([plan.composer.config(guess[name]) for name in names], steps))
        found = dict(zip(names, timed, strict=True))
    except UserError:  # the ends may be sound where together they are not
        sizes = _sizes(plan, tries)
    smallest, largest = _extremes(tries, sizes)
    true = _networks(plan, tries, smallest, largest)
    wrong = [name for name in names if name not in found or not true[name].items() <= guess[name].items()]
    if wrong:
        again = probe(plan, Probe([plan.composer.config(true[name]) for name in wrong], steps))[0]
        found |= dict(zip(wrong, again, strict=True))
    return {name: TimedNetwork(true[name], found[name]) for name in names}


def _tries(plan: Plan) -> list[Example]:
    """Every parameter of the model at each of its ends, with the options of groups that the base has."""
    searched = {p.key for p in plan.parameters if p.key.startswith("model.") and holds(p.condition, plan.values)}
    return [one for one in plan.examples if one.key in searched
            and all(plan.values[key] == text for key, text in one.overrides.items() if "." not in key)]  # fmt: skip


def _alone(tries: Sequence[Example]) -> Probe:
    """The networks of the base configuration with one parameter at one of its ends."""
    return Probe([one.config for one in tries], 0)


def _sizes(plan: Plan, tries: Sequence[Example]) -> list[dict[str, float]]:
    """What is found of each end alone; raises UserError with the one that can't be built, if it is a single one."""
    try:
        return probe(plan, _alone(tries))[0]
    except UserError:
        for one in tries:
            try:
                probe(plan, _alone([one]))
            except UserError as error:
                raise UserError(f"{one.key}={one.text}: {error}") from None
        raise


def _extremes(tries: Sequence[Example], found: Sequence[Mapping[str, float]]) -> tuple[dict[str, str], dict[str, str]]:
    """Overrides of the smallest and of the largest network: each parameter at the end that makes it so."""
    smallest: dict[str, str] = {}
    largest: dict[str, str] = {}
    for key in dict.fromkeys(one.key for one in tries):
        sizes = [(size["parameters"], one.text) for one, size in zip(tries, found, strict=True) if one.key == key]
        if min(sizes)[0] < max(sizes)[0]:
            smallest[key], largest[key] = min(sizes)[1], max(sizes)[1]
    return smallest, largest


def _drawable_extreme(
    plan: Plan, extreme: dict[str, str], tries: Sequence[Example], pick: Callable[..., Any]
) -> Overrides:
    """Returns the smallest or largest network if it may be drawn, else the best start, improved end by end.

    Args:
        plan: The search.
        extreme: The network.
        tries: The ends of all parameters.
        pick: `min` for the smallest, `max` for the largest.
    """
    if plan.drawable(extreme):
        return extreme
    others = [{}, *(one.overrides for one in plan.start), *(one.overrides for one in tries)]
    found: Overrides = pick(filter(plan.drawable, others), key=lambda one: _parameters(plan, one), default={})
    for one in tries:
        more = {**found, **one.overrides}
        if plan.drawable(more):
            size, before = _parameters(plan, more), _parameters(plan, found)
            found = more if pick(size, before) != before else found
    return found


def _parameters(plan: Plan, overrides: Mapping[str, str]) -> float:
    return known(plan.composer.config(overrides), plan.description).get("parameters", 0.0)


def _largest_batch(plan: Plan) -> dict[str, str]:
    for parameter in plan.parameters:
        if parameter.key == "train.batch_size" and holds(parameter.condition, plan.values):
            return {parameter.key: max(ends(parameter.domain), key=int)}
    return {}


def _networks(
    plan: Plan, tries: Sequence[Example], smallest: dict[str, str], largest: dict[str, str]
) -> dict[str, Overrides]:
    """The overrides of each of the networks; the largest has the largest batch too."""
    return {BASE: {}, SMALLEST: _drawable_extreme(plan, smallest, tries, min),
            LARGEST: {**_drawable_extreme(plan, largest, tries, max), **_largest_batch(plan)}}  # fmt: skip


def _guess(tries: Sequence[Example], end: Callable[..., Any]) -> dict[str, str]:
    """Every parameter that is a number at its lower or higher end."""
    numbers: dict[str, list[str]] = {}
    for one in tries:
        if as_number(one.text) is not None:
            numbers.setdefault(one.key, []).append(one.text)
    return {key: end(texts, key=float) for key, texts in numbers.items()}
