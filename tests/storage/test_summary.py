"""summary.json is read back as it was written, and a damaged one is none."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mnist_sweep.storage.state import TrialState
from mnist_sweep.storage.summary import NodeUse, SummarizedTrial, Summary, read_summary

BEST = SummarizedTrial(3, 0.9, [0.9], ["model=dnn"], "abc")
SUMMARY = Summary(
    "one", {TrialState.COMPLETE: 2, TrialState.PRUNED: 1}, ["val_accuracy"], ["maximize"], BEST, None, 1.5
)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "summary.json"
    SUMMARY.write(file)
    assert read_summary(file) == SUMMARY
    content = json.loads(file.read_text())
    assert content["states"] == {"COMPLETE": 2, "PRUNED": 1}
    assert content["best"]["trial"] == 3
    assert content["baseline"] is None
    assert not {"pareto_front", "nodes"} & set(content)


def test_nodes_are_read_back(tmp_path: Path) -> None:
    summary = replace(SUMMARY, nodes=[NodeUse("a", 3, 0.5, 2, 1)])
    summary.write(tmp_path / "summary.json")
    assert read_summary(tmp_path / "summary.json") == summary


@pytest.mark.parametrize("damage", [{"states": {"NOPE": 1}}, {"metric": None}, {"best": {"trial": "x"}}])
def test_a_damaged_one_is_none(tmp_path: Path, damage: dict) -> None:
    file = tmp_path / "summary.json"
    SUMMARY.write(file)
    file.write_text(json.dumps(json.loads(file.read_text()) | damage))
    assert read_summary(file) is None
    file.write_text("{")
    assert read_summary(file) is None
