"""What MLflow is sent, without a store."""

import json
from pathlib import Path
from typing import Any

import pytest

from mnist_sweep.config.image_classifier import CURVES, METRICS
from mnist_sweep.files import write_json
from mnist_sweep.storage.folders import StudyFolder, TrialFolder
from mnist_sweep.storage.history import append_history, begin_history
from mnist_sweep.storage.run_record import RunRecord
from mnist_sweep.storage.state import TrialState
from mnist_sweep.storage.usage import Usage, write_usage
from mnist_sweep.tracking import entities

COLUMNS = ("epoch", *CURVES, "seconds", "timestamp")

ROW = {"epoch": 1.0, "loss": 0.5, "accuracy": 0.75, "val_loss": 0.25, "val_accuracy": 0.875,
       "seconds": 2.0, "timestamp": 100.5}  # fmt: skip


def test_every_state_that_a_trial_can_end_in_has_a_status() -> None:
    assert set(entities.STATUS) == set(TrialState) - {TrialState.RUNNING}


def test_searched_parameters_come_first_and_under_their_key() -> None:
    found = entities.parameters({"seed": 1, "optimizer.rate": 0.1, "model.units": [8], "x?": "a"}, ["model.units"])
    assert [(one.key, one.value) for one in found] == [
        ("model.units", "[8]"), ("fixed.seed", "1"), ("fixed.optimizer.rate", "0.1"), ("fixed.x_", "a"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "data", "is_test"),
    [
        ("trial", {"digests": {"train_images": "x"}}, False),
        ("confirm", {"digests": {"test_images": "x"}}, True),
        ("confirm", {"digests": {}}, False),  # a task without test images
        ("confirm", {}, False),
    ],
)
def test_a_confirmation_run_is_on_the_test_images_where_its_task_has_some(
    kind: str, data: dict[str, Any], is_test: bool
) -> None:
    assert entities.is_on_test_images(RunRecord("s", {}, [], {"kind": kind}, data, 0.0)) is is_test


def test_only_the_beginning_of_a_name_says_on_what_it_was_measured() -> None:
    names = ("val_loss", "eval_loss", "interval_width", "loss")
    assert [entities.curve_name(name, True) for name in names] == ["test_loss", *names[1:]]


@pytest.mark.parametrize(("is_test", "prefix"), [(False, "val"), (True, "test")])
def test_epochs_have_their_own_times(is_test: bool, prefix: str) -> None:
    found = entities.epoch_metrics([ROW], is_test)
    assert {one.key: one.value for one in found} == {
        "loss": 0.5, "accuracy": 0.75, f"{prefix}_loss": 0.25, f"{prefix}_accuracy": 0.875, "epoch_seconds": 2.0,
    }  # fmt: skip
    assert {(one.timestamp, one.step) for one in found} == {(100_500, 1)}


def test_a_confirmation_run_has_no_best_values(tmp_path: Path) -> None:
    folder = TrialFolder(tmp_path)
    begin_history(folder.history, COLUMNS)
    append_history(folder.history, ROW, COLUMNS)
    write_json(folder.metrics, {**dict.fromkeys(METRICS.known, 1.0), **{name: ROW[name] for name in CURVES}})
    of_trial = {one.key for one in entities.final_metrics(folder)}
    assert of_trial == set(METRICS.known) - set(CURVES)
    # best_epoch is chosen by the test images too
    assert {one.key for one in entities.final_metrics(folder, is_test=True)} == {
        name for name in of_trial if not name.startswith("best_")
    }


def test_the_parent_tells_of_the_test_set(tmp_path: Path) -> None:
    study = StudyFolder(tmp_path)
    assert entities.confirmed_tags(study) == {}
    write_json(study.test_set, {"times_opened": 2})
    write_json(study.confirmed, {"recommended": 7, "finalists": [
        {"trial": 7, "test_accuracy": {"mean": 0.98765, "deviation": 0.001}}]})  # fmt: skip
    assert entities.confirmed_tags(study) == {
        "test_set_opened": "2", "confirmed_test_accuracy": "0.9877 ± 0.0010", "confirmed_trial": "7",
    }  # fmt: skip
    write_json(study.confirmed, {"recommended": 7})
    assert entities.confirmed_tags(study) == {"test_set_opened": "2"}


def test_a_view_has_the_objective_and_the_searched_parameters() -> None:
    params = {"search.metric": ["val_loss"], "search.direction": ["minimize"], "space.model.units": "[8, 16]"}
    record = RunRecord("s", params, [], {"study": "a b"}, {}, 0.0)
    view = entities.view_of(record)
    assert view["searchFilter"] == "tags.study = 'a b' and tags.kind = 'trial'"
    assert (view["orderByKey"], view["orderByAsc"]) == ("metrics.`val_loss`", True)
    assert "params.`model.units`" in view["selectedColumns"]
    json.dumps(view)


def test_what_a_trial_has_taken_is_a_system_metric(tmp_path: Path) -> None:
    folder = TrialFolder(tmp_path)
    assert entities.system_metrics(folder, 5.0) == []
    write_usage(folder, Usage(12.5, 640.0))
    found = {one.key: (one.value, one.timestamp) for one in entities.system_metrics(folder, 5.0)}
    assert found == {"system/cpu_seconds": (12.5, 5000), "system/peak_memory_megabytes": (640.0, 5000)}
