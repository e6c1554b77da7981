"""What the pruner saved, and how often it was wrong, as far as trials were finished to find out."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from mnist_sweep.config.hashing import drawn
from mnist_sweep.formatting import duration, plural
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.state import TrialState


class FinishedTrial(Protocol):
    """What is asked of a finished trial."""

    @property
    def number(self) -> int:
        """Its number."""

    @property
    def state(self) -> TrialState:
        """Its state."""

    @property
    def values(self) -> tuple[float, ...] | None:
        """Its objectives, if it is complete."""

    @property
    def reason(self) -> str | None:
        """Why it failed, or was stopped by hand."""

    @property
    def audited(self) -> int | None:
        """The epoch at which the pruner would have stopped it, if it was finished nevertheless."""


@dataclass(frozen=True)
class Pruning:
    """The pruner's record in a study.

    Attributes:
        pruned: How many trials it stopped.
        audited: How many trials that it would have stopped were finished nevertheless.
        wrong: How many of these are better than every trial that the pruner did not want to stop.
        best_audited: The best value of the audited trials.
        seconds_saved: What the rest of the stopped trials would have taken.
    """

    pruned: int
    audited: int
    wrong: int
    best_audited: float | None
    seconds_saved: float


def is_audited(share: float, seed: int, number: int) -> bool:
    """Returns whether a trial is finished whatever the pruner says: the same in every call.

    Args:
        share: The share of trials that are audited, from 0 to 1.
        seed: The study's seed.
        number: The trial's number.
    """
    return drawn(f"audit {seed} {number}") < share * 2**32


def judge_pruner(
    finished: Sequence[FinishedTrial], study: StudyFolder, epochs: int | None, better: Callable[[float, float], bool]
) -> Pruning:
    """Returns the pruner's record.

    Args:
        finished: All finished trials.
        study: Their folder.
        epochs: The epochs of a complete trial, None for those of the longest one.
        better: Compares two values of the objective.
    """
    values = {t.number: t.values[0] for t in finished if t.state == TrialState.COMPLETE and t.values}
    audited = {t.number for t in finished if t.audited is not None and t.number in values}
    others = [value for number, value in values.items() if number not in audited]
    wrong = [n for n in audited if all(better(values[n], other) for other in others)]
    best = None
    for number in audited:
        best = values[number] if best is None or better(values[number], best) else best
    pruned = [
        t.number
        for t in finished  # what was not trained at all can't meet the constraints, and a reason is of a person
        if t.state == TrialState.PRUNED and t.reason is None and (t.values or study.trial(t.number).rows())
    ]
    saved = 0.0
    epochs = epochs or max((len(study.trial(number).rows()) for number in values), default=0)
    histories = {number: study.trial(number).rows() for number in (*values, *pruned)}
    # The first epoch of a trial also has what happens once, such as imports and tracing.
    later = [row["seconds"] for rows in histories.values() for row in rows[1:]]
    for number in pruned:
        if rows := histories[number]:
            own = [row["seconds"] for row in rows[1:]] or later or [rows[0]["seconds"]]
            saved += statistics.mean(own) * max(0, epochs - len(rows))
    return Pruning(len(pruned), len(audited), len(wrong), best, saved)


def sentence(found: Pruning) -> str:
    """Returns the record in words, empty where the pruner has done nothing."""
    if not (found.pruned or found.audited):
        return ""
    trials = plural(found.pruned, "trial") if found.pruned else "no trials"
    saved = f", which saved {duration(found.seconds_saved)} of training" if found.pruned else ""
    if not found.audited:
        return f"The pruner stopped {trials}{saved}."
    finished = "1 other was" if found.audited == 1 else f"{found.audited} others were"
    wrong = {0: "none of them is", 1: "1 of them is"}.get(found.wrong, f"{found.wrong} of them are")
    return (
        f"The pruner stopped {trials}{saved}; {finished} finished to audit it (search.audit): {wrong} better than "
        f"every trial that it did not want to stop, the best reached {found.best_audited:.4f}."
    )
