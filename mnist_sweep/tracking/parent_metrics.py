"""The parent run's metrics, from the states of a study's trials: the history of the search."""

from collections.abc import Iterator, Mapping
from typing import Any

from mnist_sweep.files import read_if_whole
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.state import FINISHED, TrialState

STATES = FINISHED


def parent_metrics(counts: Mapping[TrialState, int], metric: str, best: float | None) -> dict[str, float]:
    """Returns the parent's metrics: how many trials have ended in each state, and the best value so far."""
    metrics = {f"trials_{state.lower()}": float(count) for state, count in counts.items()}
    return metrics if best is None else {**metrics, metric: best}


class Progress:
    """Counts of states and the best value so far, as trials end."""

    def __init__(self, metric: str, direction: str) -> None:
        self.metric = metric
        self.sign = -1 if direction == "minimize" else 1
        self.counts = dict.fromkeys(FINISHED, 0)
        self.best: float | None = None

    @property
    def ended(self) -> int:
        """How many trials have ended."""
        return sum(self.counts.values())

    def add(self, state: Mapping[str, Any]) -> dict[str, float]:
        """Counts a trial that has ended, from its state.json; returns the parent's metrics after it."""
        self.counts[TrialState(state["state"])] += 1
        if state["state"] == TrialState.COMPLETE and state.get("values"):
            value = float(state["values"][0])
            if self.best is None or self.sign * value > self.sign * self.best:
                self.best = value
        return parent_metrics(self.counts, self.metric, self.best)


def history(study: StudyFolder) -> Iterator[tuple[int, float, dict[str, float]]]:
    """Yields for each ended trial, by time: how many had ended, when (seconds since 1970), the parent's metrics."""
    summary = read_if_whole(study.summary)
    if not summary.get("metric"):
        return
    progress = Progress(summary["metric"][0], summary["direction"][0])
    states = [read_if_whole(trial.state) for trial in study.trials()]
    for state in sorted((s for s in states if s.get("state") in STATES), key=lambda s: s.get("ended", 0)):
        metrics = progress.add(state)
        yield progress.ended, state.get("ended", 0), metrics
