"""audit.json: counts, and the verdict on each trial."""

import json
from pathlib import Path

from mnist_sweep.reproduce.audit import write_audit
from mnist_sweep.reproduce.verdict import Likeness, Verdict


def test_counts_and_verdicts_are_written_and_said_in_one_line(tmp_path: Path) -> None:
    verdicts = {
        "s-0000": Verdict(Likeness.EXACT, "all is the same"),
        "s-0001": Verdict(Likeness.DIFFERENT, "val_accuracy is off"),
        "s-0002": Verdict(Likeness.WITHIN_TOLERANCE, "val_accuracy is off"),
        "s-0003": Verdict(Likeness.EXACT, "all is the same"),
    }
    audit = write_audit(tmp_path / "audit.json", verdicts, "mnist-sweep reproduce s all=true")
    assert audit.text == "2 of 4 EXACT, 1 WITHIN TOLERANCE, 1 DIFFERENT"
    written = json.loads((tmp_path / "audit.json").read_text())
    assert written["command"] == "mnist-sweep reproduce s all=true"
    assert written["verdicts"] == {"EXACT": 2, "DIFFERENT": 1, "WITHIN TOLERANCE": 1}
    assert written["trials"]["s-0001"] == {
        "verdict": "DIFFERENT", "why": "val_accuracy is off", "has_failed": False,
    }  # fmt: skip


def test_a_study_of_which_no_trial_is_exact_says_so(tmp_path: Path) -> None:
    audit = write_audit(tmp_path / "audit.json", {"s-0000": Verdict(Likeness.DIFFERENT, "off")}, "line")
    assert audit.text == "0 of 1 EXACT, 1 DIFFERENT"
