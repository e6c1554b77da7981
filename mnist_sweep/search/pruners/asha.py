"""Optuna's successive halving with a memory, so that a report costs the same however many trials there are."""

import bisect
import math

from optuna.pruners import BasePruner
from optuna.pruners import SuccessiveHalvingPruner as OptunasSuccessiveHalvingPruner
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial

from mnist_sweep.search.optuna_private import completed_rung_key, current_rung, estimate_min_resource, note


def _noted(trial: FrozenTrial) -> dict[str, float]:
    """Returns the values that a trial has noted, by rung."""
    found, rung = {}, 0
    while (key := completed_rung_key(rung)) in trial.system_attrs:
        found[key] = trial.system_attrs[key]
        rung += 1
    return found


def _rungs(trials: list[FrozenTrial]) -> dict[str, list[float]]:
    """Returns the values that were noted at each rung by trials that may be the best, sorted."""
    found: dict[str, list[float]] = {}
    for trial in trials:
        if not any(excess > 0 for excess in trial.constraints.values()):
            for key, value in _noted(trial).items():
                found.setdefault(key, []).append(value)
    return {key: sorted(values) for key, values in found.items()}


def forget(pruner: BasePruner, trial: FrozenTrial) -> None:
    """Measures no further trial by one that has turned out not to meet its constraints, if the pruner is this one."""
    if isinstance(pruner, SuccessiveHalvingPruner):
        pruner.forget(trial)


class SuccessiveHalvingPruner(OptunasSuccessiveHalvingPruner):
    """Decides and notes the same as Optuna's, for a study that nothing else reports to.

    Optuna's collects the values of a rung from all trials at every report; this one keeps them, sorted, and leaves out
    those of trials that do not meet their constraints.
    """

    _study: Study | None = None

    def __init__(
        self,
        min_resource: str | int = "auto",
        reduction_factor: int = 4,
        min_early_stopping_rate: int = 0,
        bootstrap_count: int = 0,
    ) -> None:
        """As Optuna's, which checks the arguments."""
        super().__init__(min_resource, reduction_factor, min_early_stopping_rate, bootstrap_count)
        self._least = min_resource if isinstance(min_resource, int) else None
        self._factor, self._rate, self._bootstrap = reduction_factor, min_early_stopping_rate, bootstrap_count

    def forget(self, trial: FrozenTrial) -> None:
        """Measures no further trial by one that has turned out not to meet its constraints."""
        values = self._values if self._study is not None else {}
        for key, value in _noted(trial).items():
            if value in values.get(key, []):
                values[key].remove(value)

    def _begins(self, rung: int) -> int:
        """Returns the step from which on a rung is decided."""
        assert self._least is not None
        return int(self._least * self._factor ** (self._rate + rung))

    def _first_rung(self, trial: FrozenTrial, step: int) -> int:
        """Returns the first rung that is decided at a step: the next one, or one that was noted at this very step."""
        rung = current_rung(trial)
        before = max((one for one in trial.intermediate_values if one < step), default=-1)
        while rung and before < self._begins(rung - 1):
            rung -= 1
        return rung

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Returns whether a trial is to be stopped, as Optuna's pruner does.

        A trial that was lost reports its last epoch again: what it has noted then is decided anew.
        """
        step = trial.last_step
        if step is None:
            return False
        if self._least is None:
            self._least = estimate_min_resource(study.get_trials(deepcopy=False))
            if self._least is None:
                return False
        if self._study is not study:
            self._study, self._values = study, _rungs(study.get_trials(deepcopy=False))
        value = trial.intermediate_values[step]
        rung = self._first_rung(trial, step)
        while step >= self._begins(rung):
            if math.isnan(value):
                return True
            key = completed_rung_key(rung)
            competing = self._values.setdefault(key, [])
            if key not in trial.system_attrs:
                note(study, trial, key, value)
                bisect.insort(competing, value)
            if len(competing) <= self._bootstrap:  # as Optuna's: until more have come so far, each is stopped
                return True
            place = max(0, len(competing) // self._factor - 1)
            maximize = study.direction == StudyDirection.MAXIMIZE
            if not (value >= competing[-place - 1] if maximize else value <= competing[place]):
                return True
            rung += 1
        return False
