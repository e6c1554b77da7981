"""Optuna's successive halving with a memory, so that a report costs the same however many trials there are."""

import bisect
import math

from optuna.pruners import SuccessiveHalvingPruner as OptunasSuccessiveHalvingPruner
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial

from mnist_sweep.search.optuna_private import completed_rung_key, current_rung, estimate_min_resource, note


def _rungs(trials: list[FrozenTrial]) -> dict[str, list[float]]:
    """Returns the values that were noted at each rung, sorted."""
    found: dict[str, list[float]] = {}
    for trial in trials:
        rung = 0
        while (key := completed_rung_key(rung)) in trial.system_attrs:
            found.setdefault(key, []).append(trial.system_attrs[key])
            rung += 1
    return {key: sorted(values) for key, values in found.items()}


class SuccessiveHalvingPruner(OptunasSuccessiveHalvingPruner):
    """Decides and notes the same as Optuna's, for a study that nothing else reports to.

    Optuna's collects the values of a rung from all trials at every report; this one keeps them, sorted.
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
