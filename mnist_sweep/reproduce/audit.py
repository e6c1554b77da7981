"""audit.json: the verdicts of reproducing every trial of a study."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from mnist_sweep.files import write_json
from mnist_sweep.reproduce.verdict import Verdict


@dataclass(frozen=True)
class Judged:
    """The verdict on one trial, and why."""

    verdict: str
    why: str


@dataclass(frozen=True)
class Audit:
    """The content of audit.json.

    Attributes:
        audited: When, in local time.
        command: The command line.
        verdicts: How many trials got which verdict.
        trials: The verdict on each trial, by its name.
    """

    audited: str
    command: str
    verdicts: dict[str, int]
    trials: dict[str, Judged]

    @property
    def text(self) -> str:
        """The verdicts in one line: `9 of 10 EXACT, 1 DIFFERENT`."""
        others = "".join(f", {count} {word}" for word, count in sorted(self.verdicts.items(), reverse=True)
                         if word != "EXACT")  # fmt: skip
        return f"{self.verdicts.get('EXACT', 0)} of {len(self.trials)} EXACT{others}"


def write_audit(file: Path, verdicts: Mapping[str, Verdict], command: str) -> Audit:
    """Writes audit.json; returns what it says.

    Args:
        file: The study's audit.json.
        verdicts: The verdict on each trial, by its name.
        command: The command line.
    """
    audit = Audit(
        audited=time.strftime("%Y-%m-%d %H:%M:%S"),
        command=command,
        verdicts=dict(Counter(verdict.word for verdict in verdicts.values())),
        trials={name: Judged(verdict.word, verdict.why) for name, verdict in verdicts.items()},
    )
    write_json(file, asdict(audit))
    return audit
