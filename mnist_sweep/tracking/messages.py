"""What the driver asks the tracker's thread to write, and how requests that wait are merged."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mnist_sweep.storage.folders import StudyFolder, TrialFolder

Row = dict[str, float]
# How many trials have ended, when (seconds since 1970), and the metrics of the parent run.
Step = tuple[int, float, dict[str, float]]


@dataclass(frozen=True)
class WarmUp:
    """Import MLflow."""


@dataclass(frozen=True)
class Close:
    """End the thread when everything before is written."""


@dataclass(frozen=True)
class StudyStarted:
    """Create the parent run, or resume it."""

    study: StudyFolder


@dataclass(frozen=True)
class StudyProgress:
    """Log metrics of the parent run."""

    steps: list[Step]


@dataclass(frozen=True)
class StudyEnded:
    """End the parent run in this state."""

    state: str


@dataclass(frozen=True)
class TrialStarted:
    """Create a trial's run, or resume it."""

    folder: TrialFolder


@dataclass(frozen=True)
class EpochsEnded:
    """Log epochs of a trial, rows of its history."""

    folder: TrialFolder
    rows: list[Row]


@dataclass(frozen=True)
class TrialEnded:
    """Bring a trial's run up to its folder and end it."""

    folder: TrialFolder


OfTrial = TrialStarted | EpochsEnded | TrialEnded
Message = WarmUp | Close | StudyStarted | StudyProgress | StudyEnded | OfTrial


def merged(messages: Iterable[Message]) -> list[Message]:
    """Returns fewer messages to the same effect.

    The epochs of a trial become one message, the parent's metrics too; of a trial that has ended only the end remains,
    since the rest is in its folder.
    """
    messages = list(messages)
    ended = {message.folder.path for message in messages if isinstance(message, TrialEnded)}
    result: list[Message] = []
    rows: dict[Path, list[Row]] = {}
    steps: list[Step] = []
    for message in messages:
        match message:
            case TrialStarted(folder) | EpochsEnded(folder) if folder.path in ended:
                pass
            case EpochsEnded(folder, more) if folder.path in rows:
                rows[folder.path] += more
            case EpochsEnded(folder, more):
                rows[folder.path] = list(more)
                result.append(EpochsEnded(folder, rows[folder.path]))
            case StudyProgress(more_steps):
                if not steps:
                    result.append(StudyProgress(steps))
                steps += more_steps
            case _:
                result.append(message)
    return result
