"""Optuna's successive halving with a memory, so that a report costs the same however many trials there are."""

import bisect
import math

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
        self._factor, self._rate, self._free = reduction_factor, min_early_stopping_rate, bootstrap_count

    def forget(self, trial: FrozenTrial) -> None:
        """Measures no further trial by one that has turned out not to meet its constraints."""
        values = self._values if self._study is not None else {}
        for key, value in _noted(trial).items():
            if value in values.get(key, []):
                values[key].remove(value)

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Returns whether a trial is to be stopped, as Optuna's pruner does."""
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
        rung = current_rung(trial)
        while step >= self._least * self._factor ** (self._rate + rung):
            if math.isnan(value):
                return True
            key = completed_rung_key(rung)
            note(study, trial, key, value)
            competing = self._values.setdefault(key, [])
            bisect.insort(competing, value)
            if len(competing) <= self._free:
                return True
            place = max(0, len(competing) // self._factor - 1)
            maximize = study.direction == StudyDirection.MAXIMIZE
            if not (value >= competing[-place - 1] if maximize else value <= competing[place]):
                return True
            rung += 1
        return False
