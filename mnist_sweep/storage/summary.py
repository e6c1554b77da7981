"""summary.json: counts, the best trial and times of a study, for scripts."""

from dataclasses import asdict, field
from pathlib import Path
from typing import Any

from pydantic.dataclasses import dataclass as checked

from mnist_sweep.config.check import check
from mnist_sweep.config.errors import UserError
from mnist_sweep.config.metrics import Direction
from mnist_sweep.config.schema import LOOSE
from mnist_sweep.files import read_json, write_json
from mnist_sweep.storage.state import TrialState


@checked(frozen=True, config=LOOSE)
class SummarizedTrial:
    """A complete trial: its number, objectives, overrides as for `mnist-sweep train`, and the digest of its weights."""

    trial: int
    value: float
    values: list[float]
    overrides: list[str]
    weights_digest: str | None = None


@checked(frozen=True, config=LOOSE)
class NodeUse:
    """A machine of a cluster in one call: trials that ended there, and the share of its slots that has trained."""

    name: str
    trials: int
    busy: float
    joined: int
    lost: int


@checked(frozen=True, config=LOOSE)
class Summary:
    """The content of summary.json.

    Attributes:
        study: The study's name.
        states: How many trials have ended in each state.
        metric, direction: The objectives.
        best: The best trial, None if no trial is complete.
        baseline: Trial 0, if it is complete.
        wall_seconds: How long calls have worked on the study.
        busy_seconds: How long workers have trained.
        worker_seconds: How long there were workers.
        busy_fraction: The share of these seconds.
        pruning: What the pruner saved, once it has been judged.
        ended: Why the last call began no further trial, None while it is running.
        note, tags: What a person has written: `study.note` and `study.tags` of the last call.
        nodes: The machines of the last call that ran on a cluster, None where none did.
        pareto_front: With several objectives, the trials that no other beats in all of them.
    """

    study: str
    states: dict[TrialState, int]
    metric: list[str]
    direction: list[Direction]
    best: SummarizedTrial | None = None
    baseline: SummarizedTrial | None = None
    wall_seconds: float = 0.0
    busy_seconds: float = 0.0
    worker_seconds: float = 0.0
    busy_fraction: float | None = None
    pruning: dict[str, Any] | None = None
    ended: str | None = None
    note: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    nodes: list[NodeUse] | None = None
    pareto_front: list[int] | None = field(default=None)

    def write(self, file: Path) -> None:
        """Writes summary.json."""
        content = asdict(self)
        for key in ("nodes", "pareto_front"):
            if content[key] is None:
                del content[key]
        write_json(file, content)


def read_summary(file: Path) -> Summary | None:
    """Returns the content of summary.json, None where it is missing or damaged."""
    try:
        return check(Summary, read_json(file), str(file))
    except UserError:
        return None
