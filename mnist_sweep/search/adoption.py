"""A finished trial of another study as one of Optuna's, for a fork."""

from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunasState

from mnist_sweep.config.domains import Choice, Domain, contains, value_of
from mnist_sweep.config.metrics import Metric
from mnist_sweep.search.distributions import distribution
from mnist_sweep.storage.state import TrialState


def params_of(domains: Mapping[str, Domain], overrides: Mapping[str, str]) -> dict[str, Any]:
    """Returns a trial's searched parameters as Optuna knows them.

    Args:
        domains: What is searched for a trial with these values, as `config.space.active` returns it.
        overrides: The values of all that is searched, as in overrides.
    """
    return {key: value_of(domains[key], text) for key, text in overrides.items() if key in domains}


def finished_trial(
    domains: Mapping[str, Domain],
    params: Mapping[str, Any],
    state: TrialState,
    values: Sequence[float],
    steps: Mapping[int, float],
    constraints: Mapping[str, float],
) -> FrozenTrial:
    """Returns a trial that can be added to a study; values outside of the study's space are left out.

    Args:
        domains: What the study searches for a trial with these values.
        params: The trial's parameters as Optuna knows them.
        state: COMPLETE or PRUNED.
        values: Its objectives.
        steps: What the pruner would have been told, by epoch.
        constraints: By how much it exceeds each constraint.
    """
    contained = inside(domains, params)
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


def inside(domains: Mapping[str, Domain], params: Mapping[str, Any]) -> dict[str, Any]:
    """Returns those of a trial's parameters that lie in the space."""
    return {key: value for key, value in params.items() if _contained(domains[key], value)}


def steps_of(objective: Metric, rows: Sequence[Mapping[str, float]]) -> dict[int, float]:
    """Returns the objective after each epoch that has one, as a pruner is told it."""
    known = {int(row["epoch"]): objective.of(rows[: index + 1]) for index, row in enumerate(rows)}
    return {epoch: value for epoch, value in known.items() if value is not None}


def _contained(domain: Domain, value: Any) -> bool:
    return value in domain.values if isinstance(domain, Choice) else contains(domain, str(value))
