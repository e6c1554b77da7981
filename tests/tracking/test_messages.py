"""Requests that wait are merged to the same effect."""

from pathlib import Path

from mnist_sweep.storage.folders import StudyFolder, TrialFolder
from mnist_sweep.tracking.messages import (
    Close,
    EpochsEnded,
    Message,
    StudyEnded,
    StudyProgress,
    StudyStarted,
    TrialEnded,
    TrialStarted,
    WarmUp,
    merged,
)

A, B = TrialFolder(Path("a")), TrialFolder(Path("b"))
STUDY = StudyFolder(Path("s"))


def _row(epoch: int) -> dict[str, float]:
    return {"epoch": float(epoch)}


def test_epochs_and_progress_become_one_message_each_in_their_order() -> None:
    waiting: list[Message] = [
        WarmUp(),
        StudyStarted(STUDY),
        TrialStarted(A),
        EpochsEnded(A, [_row(1)]),
        StudyProgress([(1, 5.0, {"best": 0.5})]),
        TrialStarted(B),
        EpochsEnded(B, [_row(1)]),
        EpochsEnded(A, [_row(2)]),
        StudyProgress([(2, 6.0, {"best": 0.75})]),
        StudyEnded("COMPLETE"),
        Close(),
    ]
    assert merged(waiting) == [
        WarmUp(),
        StudyStarted(STUDY),
        TrialStarted(A),
        EpochsEnded(A, [_row(1), _row(2)]),
        StudyProgress([(1, 5.0, {"best": 0.5}), (2, 6.0, {"best": 0.75})]),
        TrialStarted(B),
        EpochsEnded(B, [_row(1)]),
        StudyEnded("COMPLETE"),
        Close(),
    ]
    assert waiting[3] == EpochsEnded(A, [_row(1)])  # what was sent is not changed


def test_of_a_trial_that_has_ended_only_the_end_remains() -> None:
    waiting: list[Message] = [
        TrialStarted(A),
        TrialStarted(B),
        EpochsEnded(A, [_row(1)]),
        TrialEnded(A),
        EpochsEnded(B, [_row(1)]),
    ]
    assert merged(waiting) == [TrialStarted(B), TrialEnded(A), EpochsEnded(B, [_row(1)])]
    assert merged([]) == []
