"""audit.json: the verdicts of reproducing every trial of a study."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from mnist_sweep.files import write_json
from mnist_sweep.reproduce.verdict import Likeness, Verdict


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
    trials: dict[str, Verdict]

    @property
    def text(self) -> str:
        """The verdicts in one line: `9 of 10 EXACT, 1 DIFFERENT`."""
        others = "".join(f", {count} {one}" for one, count in sorted(self.verdicts.items(), reverse=True)
                         if one != Likeness.EXACT)  # fmt: skip
        return f"{self.verdicts.get(Likeness.EXACT, 0)} of {len(self.trials)} EXACT{others}"


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
        verdicts=dict(Counter(verdict.verdict for verdict in verdicts.values())),
        trials=dict(verdicts),
    )
    write_json(file, asdict(audit))
    return audit
