"""Optuna's TPE with a bounded memory, so that the ten-thousandth trial costs no more than the thousandth."""

import heapq
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import TPESampler as OptunasTPESampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from mnist_sweep.search.optuna_private import StudyView

BEST, LATEST = 100, 400


class _Memory:
    """The best complete trials but for the latest ones: each trial is looked at once when it has ended."""

    def __init__(self, direction: StudyDirection) -> None:
        self._sign = 1 if direction == StudyDirection.MAXIMIZE else -1
        # A heap, the worst first, the later of equals; worse than any other is what does not meet its constraints.
        self._best: list[tuple[float, float, int]] = []
        self._open: set[int] = set()
        self._looked = 0

    def seen(self, trials: list[FrozenTrial]) -> list[FrozenTrial]:
        """Of a study's trials, which only become more, all that run, the best, and the latest."""
        edge = max(self._looked, len(trials) - LATEST)
        new = [*self._open, *range(self._looked, edge)]
        self._looked = edge
        for place in new:
            self._look(place, trials[place])
        places = sorted([*self._open, *(-place for *_, place in self._best)])
        return [trials[place] for place in places] + trials[edge:]

    def _look(self, place: int, trial: FrozenTrial) -> None:
        if not trial.state.is_finished():
            self._open.add(place)
            return
        self._open.discard(place)
        if trial.state == TrialState.COMPLETE:
            beyond = sum(max(0.0, excess) for excess in trial.constraints.values())
            heapq.heappush(self._best, (-beyond, self._sign * (trial.value or 0.0), -place))
            if len(self._best) > BEST:
                heapq.heappop(self._best)


class _View(StudyView):
    """A study of which only some trials are seen."""

    def __init__(self, study: Study, memory: _Memory) -> None:
        super().__init__(study)
        self._memory = memory

    def seen(self, trials: list[FrozenTrial]) -> list[FrozenTrial]:
        """Returns all trials of a short study, else the running, the best and the latest ones."""
        return self._memory.seen(trials) if len(trials) > BEST + LATEST else trials


class TPESampler(OptunasTPESampler):
    """Tree-structured Parzen estimator that looks at the 100 best and the 400 latest trials.

    TPE tells the best trials, at most 25 of them, from all others; of those others the latest are as good a sample as
    all. With several metrics it looks at all of them.
    """

    _of: Study | None = None

    def _view(self, study: Study) -> Study:
        if len(study.directions) > 1:
            return study
        if self._of is not study:
            self._of, self._memory = study, _Memory(study.direction)
        return _View(study, self._memory)  # type: ignore[return-value]

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """As Optuna's."""
        return super().infer_relative_search_space(self._view(study), trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """As Optuna's."""
        return super().sample_relative(self._view(study), trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """As Optuna's."""
        return super().sample_independent(self._view(study), trial, param_name, param_distribution)
