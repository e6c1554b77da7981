"""The parent run's metrics, from the states of a study's trials: the history of the search."""

from collections.abc import Iterator, Mapping

from mnist_sweep.config.metrics import Metric
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.state import FINISHED, StateFile, TrialState, read_state
from mnist_sweep.storage.summary import read_summary


def parent_metrics(counts: Mapping[TrialState, int], metric: str, best: float | None) -> dict[str, float]:
    """Returns the metrics of a study's parent run: how many trials have ended in each state, and the best value so far.

    Args:
        counts: How many trials have ended, by state.
        metric: The name of the objective.
        best: Its best value, None if no trial is complete.
    """
    metrics = {f"trials_{state.lower()}": float(count) for state, count in counts.items()}
    return metrics if best is None else {**metrics, metric: best}


class Progress:
    """Counts of states and the best value so far, as trials end."""

    def __init__(self, metric: Metric) -> None:
        """Makes a count of no trial yet, by the first objective."""
        self.metric = metric
        self.counts = dict.fromkeys(FINISHED, 0)
        self.best: float | None = None

    @property
    def ended(self) -> int:
        """How many trials have ended."""
        return sum(self.counts.values())

    def add(self, state: StateFile) -> dict[str, float]:
        """Counts a trial that has ended; returns the parent's metrics after it."""
        self.counts[state.state] += 1
        if state.state is TrialState.COMPLETE and state.values and not state.infeasible:
            value = state.values[0]
            if self.best is None or self.metric.better(value, self.best):
                self.best = value
        return parent_metrics(self.counts, self.metric.name, self.best)


def history(study: StudyFolder) -> Iterator[tuple[int, float, dict[str, float]]]:
    """Yields for each ended trial, by time: how many had ended, when (seconds since 1970), the parent's metrics."""
    summary = read_summary(study.summary)
    if summary is None:
        return
    progress = Progress(Metric(summary.metric[0], summary.direction[0]))
    states = [state for trial in study.trials() if (state := read_state(trial.state)) and state.state in FINISHED]
    for state in sorted(states, key=lambda state: state.ended or 0.0):
        metrics = progress.add(state)
        yield progress.ended, state.ended or 0.0, metrics
