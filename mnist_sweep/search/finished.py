"""The finished trials of a search: counted by state, and ranked."""

from collections import Counter
from collections.abc import Collection, Sequence

from mnist_sweep.config.metrics import Metric
from mnist_sweep.search.ranking import Ranking
from mnist_sweep.search.trials import Standing
from mnist_sweep.storage.state import FINISHED, TrialState


class Finished:
    """The finished trials of a search; those that are complete and feasible are ranked.

    Attributes:
        counts: How many ended in each state.
    """

    def __init__(self, objectives: Sequence[Metric]) -> None:
        """Begins with no trial.

        Args:
            objectives: What the trials are ranked by.
        """
        self.objectives = objectives
        self.counts: Counter[TrialState] = Counter(dict.fromkeys(FINISHED, 0))
        self._trials: dict[int, Standing] = {}
        self._ranking = Ranking(objectives)

    def __len__(self) -> int:
        """Returns how many trials have finished."""
        return len(self._trials)

    def add(self, trial: Standing) -> None:
        """Adds a trial that has just finished."""
        self._trials[trial.number] = trial
        self.counts[trial.state] += 1
        self._rank(trial)

    def _rank(self, trial: Standing, left_out: Collection[int] = ()) -> None:
        """Ranks a trial that may be the best."""
        is_candidate = trial.state == TrialState.COMPLETE and not trial.infeasible and trial.number not in left_out
        if is_candidate and trial.values:
            self._ranking.add(trial.number, trial.values)

    def leave_out(self, numbers: Collection[int]) -> None:
        """Takes trials out of the ranking; the sampler goes on to know of them."""
        if numbers:
            self._ranking = Ranking(self.objectives)
            for trial in self.trials():
                self._rank(trial, numbers)

    def trials(self) -> list[Standing]:
        """Returns all of them, by number."""
        return [self._trials[number] for number in sorted(self._trials)]

    def trial(self, number: int) -> Standing | None:
        """Returns one of them, None if there is none of that number."""
        return self._trials.get(number)

    def ranked(self, beyond: int = 0, most: int | None = None) -> list[int]:
        """Returns numbers of complete trials, as `Ranking.numbers`."""
        return self._ranking.numbers(beyond, most)

    def best(self) -> Standing | None:
        """Returns the best complete trial by the first metric, the earlier of equals; None if there is none."""
        number = self._ranking.best()
        return None if number is None else self._trials[number]

    def front(self) -> list[int]:
        """Returns, with several metrics, the numbers of the trials that no other beats in all of them."""
        return self._ranking.front()
