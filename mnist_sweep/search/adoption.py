"""A finished trial of another study as one of Optuna's, for a fork."""

from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunasState

from mnist_sweep.config.domains import Choice, Domain, contains, value_of
from mnist_sweep.config.metrics import Metric
from mnist_sweep.config.space import Parameter
from mnist_sweep.search.distributions import distribution
from mnist_sweep.storage.state import TrialState


def params_of(parameters: Sequence[Parameter], overrides: Mapping[str, str]) -> dict[str, Any]:
    """Returns a trial's searched parameters as Optuna knows them."""
    domains = {parameter.key: parameter.domain for parameter in parameters if parameter.key in overrides}
    return {key: value_of(domains[key], text) for key, text in overrides.items()}


def finished_trial(
    parameters: Sequence[Parameter],
    params: Mapping[str, Any],
    state: TrialState,
    values: Sequence[float],
    steps: Mapping[int, float],
    constraints: Mapping[str, float],
) -> FrozenTrial:
    """Returns a trial that can be added to a study; values outside of the study's space are left out.

    Args:
        parameters: The study's search space.
        params: The trial's parameters as Optuna knows them.
        state: COMPLETE or PRUNED.
        values: Its objectives.
        steps: What the pruner would have been told, by epoch.
        constraints: By how much it exceeds each constraint.
    """
    domains = {p.key: p.domain for p in parameters if p.key in params}
    contained = inside(parameters, params)
    if state != TrialState.COMPLETE:  # as Optuna does where it is told of a pruned trial
        values = list(steps.values())[-1:]
    return optuna.trial.create_trial(
        state=OptunasState[state],
        values=list(values) or None,
        params=contained,
        distributions={key: distribution(domains[key]) for key in contained},
        intermediate_values=dict(steps),
        constraints=dict(constraints),
    )


def inside(parameters: Sequence[Parameter], params: Mapping[str, Any]) -> dict[str, Any]:
    """Returns those of a trial's parameters that lie in the space."""
    domains = {parameter.key: parameter.domain for parameter in parameters if parameter.key in params}
    return {key: value for key, value in params.items() if _contained(domains[key], value)}


def steps_of(objective: Metric, rows: Sequence[Mapping[str, float]]) -> dict[int, float]:
    """Returns the objective after each epoch, as a pruner is told it."""
    steps: dict[int, float] = {}
    for index, row in enumerate(rows):
        value = objective.of(rows[: index + 1])
        assert value is not None
        steps[int(row["epoch"])] = value
    return steps


def _contained(domain: Domain, value: Any) -> bool:
    return value in domain.values if isinstance(domain, Choice) else contains(domain, str(value))
