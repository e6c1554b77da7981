"""A recorded trial is read back, or it is said why it can't be."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hydra import compose

from mnist_sweep.config import UserError, parse_trial
from mnist_sweep.config.compose import plain
from mnist_sweep.config.image_classifier import CURVES
from mnist_sweep.files import read_json, write_json, write_yaml
from mnist_sweep.results.recorded import (
    NEEDED,
    check_data,
    check_trained,
    read_best,
    read_recorded,
    reproducible,
    result_of,
    without_urls,
)
from mnist_sweep.storage.folders import StudyFolder, TrialFolder
from mnist_sweep.storage.history import begin_history
from mnist_sweep.tasks.data import Description

COLUMNS = ("epoch", *CURVES, "seconds", "timestamp")


@pytest.fixture
def study(own_runs: Path) -> StudyFolder:
    return StudyFolder(own_runs / "dnn-digits")


@pytest.fixture
def folder(study: StudyFolder) -> TrialFolder:
    return study.trial(1)


def test_a_trial_is_read_as_it_was_written(folder: TrialFolder) -> None:
    recorded = read_recorded(folder, "one", [])
    assert (recorded.name, recorded.epochs, recorded.rows) == ("one", 3, folder.rows())
    assert recorded.metrics == json.loads(folder.metrics.read_text())
    assert recorded.overrides == yaml.safe_load(folder.overrides.read_text())
    assert recorded.config.plain()["model"]["units"] == [16]
    assert recorded.predictions is not None
    assert recorded.predictions.accuracy == pytest.approx(recorded.metrics["val_accuracy"], abs=1e-6)  # of float32
    assert recorded.run_id == json.loads(folder.tracking.read_text())["run_id"]
    folder.predictions.unlink()
    folder.tracking.unlink()
    again = read_recorded(folder, "one", [])
    assert (again.predictions, again.run_id) == (None, None)


@pytest.mark.parametrize("name", NEEDED)
def test_without_a_file_that_is_needed_it_is_no_recorded_trial(
    study: StudyFolder, folder: TrialFolder, name: str
) -> None:
    assert [one.path.name for one in reproducible(study)] == ["0000", "0001", "0002", "0003"]
    (folder.path / name).unlink()
    with pytest.raises(UserError, match=f"one has no {name}: no epoch of it has ended"):
        read_recorded(folder, "one", [])
    assert [one.path.name for one in reproducible(study)] == ["0000", "0002", "0003"]


def test_without_an_epoch_there_is_nothing_to_compare(study: StudyFolder, folder: TrialFolder) -> None:
    begin_history(folder.history, COLUMNS)
    with pytest.raises(UserError, match=r"one has no complete row in its history\.csv"):
        read_recorded(folder, "one", [])
    assert folder not in reproducible(study)


def test_damaged_files_are_named(folder: TrialFolder) -> None:
    environment = read_json(folder.environment)
    write_json(folder.environment, {"data": {"digests": "none"}})
    with pytest.raises(UserError, match=r"one: environment\.json\.data\.digests must be a mapping"):
        read_recorded(folder, "one", [])
    write_json(folder.environment, environment)
    write_json(folder.metrics, {"val_loss": 0.5})
    with pytest.raises(UserError, match=r"metrics\.json has no val_accuracy"):
        read_recorded(folder, "one", [])


def test_a_best_trial_is_read_from_one_file(study: StudyFolder, tmp_path: Path) -> None:
    best = read_json(study.summary)["best"]["trial"]
    there = tmp_path / "copied.yaml"
    there.write_bytes(study.best.read_bytes())
    recorded = read_best(there, [])
    whole = read_recorded(study.trial(best), "one", [])
    assert recorded.name == f"dnn-digits-{best:04d}"
    assert (recorded.config, recorded.overrides, recorded.epochs) == (whole.config, whole.overrides, whole.epochs)
    assert recorded.metrics == whole.metrics
    assert recorded.environment.weights_digest == whole.environment.weights_digest
    assert (recorded.rows, recorded.predictions) == ([], None)
    assert yaml.safe_load(there.read_text())["recorded"] == result_of(
        study.trial(best), "dnn-digits", yaml.safe_load(study.trial(best).overrides.read_text())
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"trial": -1}, "recorded.trial must be at least 0, got -1"),
        ({"study": "../x"}, "recorded.study must be 1 to 100 letters"),
        ({"epochs": 99}, "recorded.epochs must be at most train.epochs, 3, got 99"),
        ({"metrics": {"val_loss": 0.5}}, "can't be reproduced: it has no weights_digest or no val_accuracy"),
        ({"environment": {"data": {"digests": {}}}}, "can't be reproduced: it has no weights_digest or no"),
        ({"more": 1}, "recorded.more is not a known key"),
    ],
)
def test_a_best_file_that_was_changed_is_refused(study: StudyFolder, change: dict[str, Any], message: str) -> None:
    content = yaml.safe_load(study.best.read_text())
    write_yaml(study.best, {**content, "recorded": content["recorded"] | change})
    with pytest.raises(UserError) as caught:
        read_best(study.best, [])
    assert message in str(caught.value)


def test_a_configuration_alone_has_nothing_to_compare_with(study: StudyFolder) -> None:
    content = yaml.safe_load(study.best.read_text())
    del content["recorded"]
    write_yaml(study.best, content)
    with pytest.raises(UserError, match="has no `recorded`"):
        read_best(study.best, [])


def test_where_nothing_is_trained_nothing_is_compared(tmp_path: Path) -> None:
    study = StudyFolder(tmp_path / "one")
    study.path.mkdir()
    check_trained(study)  # single trials have no configuration of their study
    write_yaml(study.config, {"runtime": {"executor": "local"}})
    check_trained(study)
    write_yaml(study.config, {"runtime": {"executor": "dry"}})
    with pytest.raises(UserError, match="study=one can't be judged: a dry run: nothing was trained"):
        check_trained(study)  # as earlier versions have it
    write_yaml(study.config, {"task": {"_target_": "mnist_sweep.tasks.Dry"}})
    with pytest.raises(UserError, match="study=one can't be judged: a dry run: nothing was trained"):
        check_trained(study)


@pytest.mark.usefixtures("hydra_conf")
def test_a_store_can_not_say_where_data_come_from(runs: Path) -> None:
    recorded = read_recorded(TrialFolder(runs / "dnn-digits/trials/0000"), "one", [])
    assert without_urls(recorded) is recorded
    mnist = replace(recorded, config=parse_trial(plain(compose("config", ["data=mnist"]))))
    source = mnist.config.data.source
    assert source.arguments["urls"]
    found = without_urls(mnist).config
    assert found.data.source.arguments == {**source.arguments, "urls": []}
    assert (found.model, found.data.split) == (mnist.config.model, mnist.config.data.split)


def test_other_data_are_told_by_the_part_that_differs() -> None:
    now = Description("digits", (8, 8, 1), 10, 5, 2, {"train_images": "a" * 64, "train_labels": "b" * 64}, "c")
    check_data({"train_images": "a" * 64, "test_images": "d" * 64}, now, "trial 1")
    with pytest.raises(UserError) as caught:
        check_data({"train_labels": "d" * 64}, now, "trial 1")
    assert str(caught.value) == (
        "data=digits is not what trial 1 was trained on: the SHA-256 of its train labels was dddddddddddddddd..., got "
        "bbbbbbbbbbbbbbbb..."
    )


def test_a_failed_trial_says_that_it_has_failed(folder: TrialFolder) -> None:
    state = json.loads(folder.state.read_text())
    folder.state.write_text(json.dumps({**state, "state": "FAIL", "values": None, "reason": "x is too large"}))
    with pytest.raises(UserError, match=r"one has failed \(x is too large\): only complete and pruned trials"):
        read_recorded(folder, "one", [])
