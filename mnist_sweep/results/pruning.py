"""What the pruner has saved, and how often it was wrong, as far as trials were finished to find out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mnist_sweep.config.hashing import drawn
from mnist_sweep.formatting import duration
from mnist_sweep.search import Standing
from mnist_sweep.storage.folders import StudyFolder


@dataclass(frozen=True)
class Pruning:
    """How many trials were stopped, how many that should have been were finished, and how many of these are best ones.

    `wrong` are those that came to more than every trial that the pruner let live; `best_audited` is the best value of
    the finished ones; `seconds_saved` is what the rest of the stopped trials would have taken.
    """

    pruned: int
    audited: int
    wrong: int
    best_audited: float | None
    seconds_saved: float


def is_audited(share: float, seed: int, number: int) -> bool:
    """Whether a trial is one of those that are finished whatever the pruner says: the same in every call."""
    return drawn(f"audit {seed} {number}") < share * 2**32


def judge_pruner(
    finished: Sequence[Standing], study: StudyFolder, epochs: int, better: Callable[[float, float], bool]
) -> Pruning:
    """Counts; `epochs` are those of a whole trial, `better` compares two values of the objective."""
    values = {s.number: s.values[0] for s in finished if s.state == "COMPLETE" and s.values}
    audited = {s.number for s in finished if s.audited is not None and s.number in values}
    others = [value for number, value in values.items() if number not in audited]
    wrong = [n for n in audited if not any(not better(values[n], other) for other in others)]
    best = None
    for number in audited:
        best = values[number] if best is None or better(values[number], best) else best
    pruned = [s.number for s in finished if s.state == "PRUNED"]
    saved = 0.0
    for number in pruned:
        rows = study.trial(number).rows()
        saved += sum(row["seconds"] for row in rows) / max(1, len(rows)) * (epochs - len(rows)) if rows else 0.0
    return Pruning(len(pruned), len(audited), len(wrong), best, saved)


def sentence(found: Pruning) -> str:
    """The same in words; empty where the pruner has done nothing."""
    if not (found.pruned or found.audited):
        return ""
    trials = "1 trial" if found.pruned == 1 else f"{found.pruned or 'no'} trials"
    text = f"The pruner stopped {trials}" + f", which saved {duration(found.seconds_saved)} of training" * bool(
        found.pruned
    )
    if not found.audited:
        return f"{text}."
    finished = "1 other was" if found.audited == 1 else f"{found.audited} others were"
    many = (
        "none of them is" if not found.wrong else "1 of them is" if found.wrong == 1 else f"{found.wrong} of them are"
    )
    return (
        f"{text}; {finished} finished to audit it (search.audit): {many} better than every trial that it let live, "
        f"the best came to {found.best_audited:.4f}."
    )
