"""Pruning by the first of several metrics: Optuna's pruners know of one, so they look at a study of their own."""

from collections.abc import Mapping

import optuna
from optuna.pruners import BasePruner
from optuna.trial import Trial
from optuna.trial import TrialState as OptunasState

from mnist_sweep.config.metrics import Direction
from mnist_sweep.search.pruners.asha import forget

REPORTED = "reported"  # user attribute of a trial: the first metric by epoch, to begin again where a search goes on


class FirstMetric:
    """A study in memory that has the same trials with the first metric alone."""

    def __init__(self, direction: Direction, pruner: BasePruner) -> None:
        """Makes an empty study.

        Args:
            direction: Which way the first metric is better.
            pruner: What decides.
        """
        self.study = optuna.create_study(direction=direction, pruner=pruner, sampler=optuna.samplers.RandomSampler(0))
        self._trials: dict[int, Trial] = {}

    def report(self, number: int, value: float, step: int) -> bool:
        """Reports the metric of a running trial after an epoch; returns whether it is to be stopped."""
        if number not in self._trials:
            self._trials[number] = self.study.ask()
        trial = self._trials[number]
        if step < max(self.reported_steps(number), default=step):  # it was lost: what was decided stands
            return False
        trial.report(value, step)
        return trial.should_prune()

    def reported_steps(self, number: int) -> list[int]:
        """Returns after which epochs a running trial has reported."""
        trial = self._trials[number]
        return list(self.study.get_trials(deepcopy=False)[trial.number].intermediate_values)

    def reported(self, number: int) -> dict[str, float]:
        """Returns what a running trial has reported, by epoch."""
        trial = self._trials.get(number)
        if trial is None:
            return {}
        steps = self.study.get_trials(deepcopy=False)[trial.number].intermediate_values
        return {str(step): value for step, value in steps.items()}

    def end(
        self, number: int, state: OptunasState, value: float | None, constraints: Mapping[str, float] | None = None
    ) -> None:
        """Ends a trial, which may have reported nothing.

        Args:
            number: Its number.
            state: COMPLETE, PRUNED or FAIL.
            value: The metric of a complete trial.
            constraints: By how much it exceeds each constraint: nobody is measured by what does not meet them.
        """
        trial = self._trials.pop(number, None)
        if trial is not None:
            self.study.tell(trial, value if state == OptunasState.COMPLETE else None, state=state)
            if any(excess > 0 for excess in (constraints or {}).values()):
                forget(self.study.pruner, self.study.get_trials(deepcopy=False)[trial.number])

    def remember(
        self,
        number: int,
        steps: Mapping[str, float],
        state: OptunasState,
        value: float | None,
        constraints: Mapping[str, float],
    ) -> None:
        """Adds a trial that ended in an earlier call, as if it reported and ended now.

        Args:
            number: Its number.
            steps: What it has reported, as of `reported`.
            state: How it ended.
            value: The metric of a complete trial.
            constraints: By how much it exceeds each constraint.
        """
        for step, one in steps.items():
            self.report(number, one, int(step))
        self.end(number, state, value, constraints)
