"""Optuna's TPE with a bounded memory, so that the ten-thousandth trial costs no more than the thousandth."""

import heapq
from collections.abc import Container
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import TPESampler as OptunasTPESampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

BEST, LATEST = 100, 400


class _View:
    """A study of which only some trials are seen: all that run, the best, and the latest."""

    def __init__(self, study: Study) -> None:
        self._study = study

    def __getattr__(self, name: str) -> Any:
        return getattr(self._study, name)

    def _get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None, use_cache: bool = False
    ) -> list[FrozenTrial]:
        trials = self._study._get_trials(deepcopy=deepcopy, use_cache=use_cache)
        if len(trials) > BEST + LATEST:
            trials = self._seen(trials)
        return trials if states is None else [trial for trial in trials if trial.state in states]

    def _seen(self, trials: list[FrozenTrial]) -> list[FrozenTrial]:
        sign = 1 if self._study.direction == StudyDirection.MAXIMIZE else -1
        running, complete = [], []
        for trial in trials[:-LATEST]:
            if trial.state == TrialState.COMPLETE:
                complete.append(trial)
            elif trial.state in (TrialState.RUNNING, TrialState.WAITING):
                running.append(trial)
        best = heapq.nlargest(BEST, complete, key=lambda trial: sign * (trial.value or 0.0))
        return sorted([*running, *best], key=lambda trial: trial.number) + trials[-LATEST:]


class TPESampler(OptunasTPESampler):
    """Tree-structured Parzen estimator that looks at the 100 best and the 400 latest trials.

    TPE tells the best trials, at most 25 of them, from all others; of those others the latest are as good a sample as
    all. With several metrics it looks at all of them.
    """

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """As Optuna's."""
        return super().infer_relative_search_space(_view(study), trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """As Optuna's."""
        return super().sample_relative(_view(study), trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """As Optuna's."""
        return super().sample_independent(_view(study), trial, param_name, param_distribution)


def _view(study: Study) -> Study:
    return study if len(study.directions) > 1 else _View(study)  # type: ignore[return-value]
