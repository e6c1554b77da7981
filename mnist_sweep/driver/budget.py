"""When a search ends: trials, time, a target, patience, failures in a row."""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from mnist_sweep.config import UserError
from mnist_sweep.config.metrics import Metric
from mnist_sweep.config.search_settings import SearchConfig
from mnist_sweep.config.times import duration_text, next_time
from mnist_sweep.search import Search, Standing
from mnist_sweep.storage.state import TrialState
from mnist_sweep.tasks.data import Description

ENDS = ("timeout", "until", "patience", "target")  # of a search without search.n_trials


def check_ends(limits: SearchConfig, is_finite: bool) -> None:
    """Raises UserError for a search that would never end.

    Args:
        limits: What ends it.
        is_finite: Whether its space has so few configurations that it is used up.
    """
    if limits.n_trials is None and not is_finite and all(getattr(limits, name) is None for name in ENDS):
        raise UserError(
            "search.n_trials must be a number where nothing else ends the search, got null; give search.timeout=1h30m, "
            "search.until=07:00, search.patience=10 or search.target"
        )


def in_words(limits: SearchConfig) -> str:
    """Returns what ends a search, such as `up to 20 trials of best_val_accuracy, at most 1h30m`."""
    count = "any number of" if limits.n_trials is None else f"up to {limits.n_trials}"
    words = [f"{count} trials of {' and '.join(limits.metric)}"]
    words += [f"each on up to {limits.seeds} seeds"] if limits.seeds > 1 else []
    words += [f"at most {duration_text(limits.timeout)}"] if limits.timeout is not None else []
    words += [f"until {limits.until}"] if limits.until is not None else []
    words += [f"until {limits.patience} in a row improve nothing"] if limits.patience is not None else []
    return ", ".join(words)


def seconds_allowed(limits: SearchConfig) -> float | None:
    """Returns for how long a call that begins now may begin further trials, None where no time is set."""
    allowed = [] if limits.timeout is None else [limits.timeout]
    allowed += [] if limits.until is None else [_moment(limits.until) - time.time()]
    return min(allowed, default=None)


def _moment(until: str) -> float:
    """Seconds since 1970, as clocks are changed twice a year."""
    return next_time(until, datetime.now()).timestamp()


def noise(objective: Metric, images: int) -> Callable[[float], float]:
    """Returns what an objective's value may be off by, by chance.

    One standard error of an accuracy on so many images (Breiman et al., 1984, take it for the same purpose); nothing
    for other objectives, of which it is not known.

    Args:
        objective: The objective.
        images: The number of validation images, 0 where there are none.
    """
    if images and "accuracy" in (objective.curve or objective.name):
        return lambda value: math.sqrt(max(value * (1 - value), 1 / images) / images)
    return lambda _: 0.0


@dataclass(frozen=True)
class Stagnation:
    """How long nothing has become better.

    Attributes:
        count: How many trials have ended since the last improvement.
        best: The number of the trial that was the last improvement, None where there is none.
        delta: By how much a trial must be better than that one.
    """

    count: int
    best: int | None
    delta: float


def stagnation(trials: Iterable[Standing], objective: Metric, delta: Callable[[float], float]) -> Stagnation:
    """Returns how many trials, in the order of their numbers, have ended since the last improvement.

    Args:
        trials: The finished trials by number; failed ones say nothing and are not counted.
        objective: The first objective.
        delta: By how much a value must be better than a given one.
    """
    count, best, reference = 0, None, 0.0
    for trial in trials:
        if trial.state is TrialState.FAIL:
            continue
        counts = trial.state is TrialState.COMPLETE and not trial.infeasible
        value = trial.values[0] if trial.values and counts else None
        if value is not None and (
            best is None or objective.better(value, reference + objective.sign * delta(reference))
        ):
            count, best, reference = 0, trial.number, value
        else:
            count += 1
    return Stagnation(count, best, delta(reference) if best is not None else 0.0)


class Budget:
    """What is left of a search, in one call."""

    def __init__(self, limits: SearchConfig, search: Search, description: Description) -> None:
        """Begins to count the time of the call.

        Args:
            limits: What ends it.
            search: The search.
            description: What is trained on, which says how noisy an accuracy is.
        """
        self.limits = limits
        self.search = search
        self._noise = noise(search.objectives[0], description.validation_images)
        self._began = time.monotonic()
        self._until = None if limits.until is None else _moment(limits.until)

    def change(self, limits: SearchConfig) -> None:
        """Goes on with other limits; the time of the call counts from its beginning."""
        if limits.until != self.limits.until:  # else a time that has come would be tomorrow's
            self._until = None if limits.until is None else _moment(limits.until)
        self.limits = limits

    def reason_to_stop(self, running: int) -> str:
        """Returns why no further trial is asked for, empty where there is no reason.

        Args:
            running: How many trials run.
        """
        limits = self.limits
        if limits.n_trials is not None and self.search.finished.counts.total() + running >= limits.n_trials:
            return f"all {limits.n_trials} trials are done"
        if limits.timeout is not None and time.monotonic() - self._began >= limits.timeout:
            return f"search.timeout={duration_text(limits.timeout)} is over"
        if self._until is not None and time.time() >= self._until:
            return f"it is {limits.until}, search.until"
        return self._reached() or self._no_improvement()

    def _reached(self) -> str:
        target, best = self.limits.target, self.search.finished.best()
        if target is not None and best and best.values and not self.search.better(target, best.values[0]):
            return f"search.target={target:g} is reached"
        return ""

    def _no_improvement(self) -> str:
        patience, delta = self.limits.patience, self.limits.min_delta
        if patience is None:
            return ""
        found = stagnation(
            self.search.finished.trials(), self.search.objectives[0], self._noise if delta is None else lambda _: delta
        )
        if found.count < patience:
            return ""
        if found.best is None:
            what = "meets search.constraints" if self.search.constraints else "is complete"
            return f"search.patience={patience}: none of the {found.count} trials {what}"
        by = f" by more than {found.delta:.4f}" if found.delta else ""
        return (
            f"search.patience={patience}: none of the last {found.count} trials is better than trial {found.best}{by}"
        )
