"""Trials as the driver knows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from optuna.trial import FrozenTrial

from mnist_sweep.config.domains import literal
from mnist_sweep.config.space import Parameter
from mnist_sweep.storage.state import TrialState

REASON = "reason"  # keys of Optuna's user attributes
RETRIES = "retries"
AUDITED = "audited"
GIVEN = "given"
VALUES = "values"
ORIGIN = "origin"
INFEASIBLE = "infeasible"
SEEDS = "seeds"


@dataclass(frozen=True)
class Asked:
    """A trial to run: its number, its overrides as a mapping, and how often it was lost before.

    `origin` says where it comes from, where that is not the sampler: `search.start`, for example.
    """

    number: int
    overrides: dict[str, str]
    retries: int
    origin: str | None = None


@dataclass(frozen=True)
class Standing:
    """A finished trial: number, state (COMPLETE, PRUNED, FAIL), objective values, and why it failed.

    `audited` is the epoch at which the pruner would have stopped it, if it was finished nevertheless; `origin` as of
    `Asked`; `infeasible` are the constraints that it does not meet; `seeds` the values of each
    objective on its seeds, where there are several.
    """

    number: int
    state: TrialState
    values: tuple[float, ...] | None
    overrides: dict[str, str]
    reason: str | None
    audited: int | None = None
    origin: str | None = None
    infeasible: tuple[str, ...] = ()
    seeds: Mapping[str, Sequence[float]] = field(default_factory=dict)

    @property
    def why_infeasible(self) -> str:
        """Which constraints it does not meet, in words."""
        return f"infeasible: {', '.join(self.infeasible)}"


def given(number: int, attributes: Mapping[str, Any]) -> dict[str, str] | None:
    """Returns the overrides of a trial that no sampler has drawn, None of any other.

    They need not lie in the search space, as Optuna's parameters do. The baseline, trial 0, has none.

    Args:
        number: The trial's number.
        attributes: Its user attributes.
    """
    found: dict[str, str] | None = attributes.get(GIVEN, {} if number == 0 else None)
    return found


def standing_of(trial: FrozenTrial, parameters: Sequence[Parameter]) -> Standing:
    """Returns one of Optuna's finished trials as a Standing."""
    domains = {parameter.key: parameter.domain for parameter in parameters}
    overrides = given(trial.number, trial.user_attrs)
    if overrides is None:
        overrides = {key: literal(domains[key], value) for key, value in trial.params.items() if key in domains}
    values = tuple(trial.values) if trial.values is not None else None
    attributes = trial.user_attrs
    return Standing(
        number=trial.number,
        state=TrialState(trial.state.name),
        values=values,
        overrides=overrides,
        reason=attributes.get(REASON),
        audited=attributes.get(AUDITED),
        origin=attributes.get(ORIGIN),
        infeasible=tuple(attributes.get(INFEASIBLE, ())),
        seeds=attributes.get(SEEDS, {}),
    )
