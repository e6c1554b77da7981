import json
from pathlib import Path

import pytest

from mnist_sweep.config.image_classifier import METRICS
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.state import StateFile, TrialState
from mnist_sweep.tracking.parent_metrics import Progress, history


@pytest.mark.parametrize(("direction", "bests"), [("maximize", [0.5, 0.7, 0.7]), ("minimize", [0.5, 0.5, 0.2])])
def test_the_best_never_gets_worse(direction: str, bests: list[float]) -> None:
    progress = Progress(METRICS.objective("val_loss", direction))
    seen = [progress.add(StateFile(0, TrialState.COMPLETE, values=[value]))["val_loss"] for value in (0.5, 0.7, 0.2)]
    assert seen == bests


def test_history_is_in_the_order_of_time_and_of_ended_trials_alone(tmp_path: Path) -> None:
    study = StudyFolder(tmp_path)
    states = [("COMPLETE", [0.9], 30.0), ("PRUNED", [0.1], 10.0), ("FAIL", None, 20.0), ("INTERRUPTED", None, 5.0)]
    for number, (state, values, ended) in enumerate(states):
        folder = study.trial(number)
        folder.path.mkdir(parents=True)
        folder.state.write_text(json.dumps({"trial": number, "state": state, "values": values, "ended": ended}))
    study.summary.write_text(
        json.dumps({"study": "x", "states": {}, "metric": ["val_accuracy"], "direction": ["maximize"]})
    )
    assert list(history(study)) == [
        (1, 10.0, {"trials_complete": 0, "trials_pruned": 1, "trials_fail": 0}),
        (2, 20.0, {"trials_complete": 0, "trials_pruned": 1, "trials_fail": 1}),
        (3, 30.0, {"trials_complete": 1, "trials_pruned": 1, "trials_fail": 1, "val_accuracy": 0.9}),
    ]
    study.summary.write_text("truncated")
    assert list(history(study)) == []
