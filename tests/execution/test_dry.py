from pathlib import Path

import pytest

from mnist_sweep.config import parse_trial
from mnist_sweep.execution import Done, DryExecutor, Epoch, Failed, Job, Started
from mnist_sweep.execution.dry import dry_accuracy, dry_rows
from mnist_sweep.files import read_json
from mnist_sweep.storage.folders import TrialFolder

PLAIN = {
    "data": {"_target_": "mnist_sweep.data.digits", "name": "digits", "validation": "split", "validation_size": 360,
             "split_seed": 0},
    "model": {"_target_": "mnist_sweep.models.dnn", "units": [100], "dropout": 0.3},
    "optimizer": {"_target_": "keras.optimizers.Adam", "learning_rate": 1e-3, "beta_1": 0.9, "beta_2": 0.999,
                  "epsilon": 1e-7},
    "train": {"epochs": 3, "batch_size": 64, "loss": "sparse_categorical_crossentropy", "precision": "float32",
              "early_stopping_patience": None},
    "study": {"seed": 0},
}  # fmt: skip


def job(folder: Path, number: int = 0, plain: dict = PLAIN) -> Job:
    return Job(number, "train", plain, str(folder / str(number)), {"allowed": [], "environment": {},
                                                                   "data": {"train_images": 10}})  # fmt: skip


def changed(section: str, key: str, value: object) -> dict:
    return {**PLAIN, section: {**PLAIN[section], key: value}}


def test_the_accuracy_is_known_at_its_top_and_lower_elsewhere() -> None:
    top = dry_accuracy(parse_trial(PLAIN).plain())
    assert top == pytest.approx(0.99 - 0.1 / 20)  # 100 + 3 times 100 for the sizes that a dense network does not have
    for section, key, value in (("model", "dropout", 0.0), ("optimizer", "learning_rate", 0.1),
                                ("optimizer", "beta_1", 0.5), ("model", "units", [10])):  # fmt: skip
        assert dry_accuracy(changed(section, key, value)) < top


def test_the_last_epoch_has_the_accuracy() -> None:
    rows = dry_rows(PLAIN, 0.0)
    values = [row["val_accuracy"] for row in rows]
    assert values == sorted(values)
    assert values[-1] == pytest.approx(dry_accuracy(PLAIN))


def test_a_trial_gives_its_events_and_leaves_its_folder(tmp_path: Path) -> None:
    executor = DryExecutor()
    executor.submit(job(tmp_path))
    events = [event for _ in range(5) for event in executor.events(0)]
    assert [type(event) for event in events] == [Started, Epoch, Epoch, Epoch, Done]
    folder = TrialFolder(tmp_path / "0")
    assert folder.rows() == [event.row for event in events if isinstance(event, Epoch)]
    assert read_json(folder.metrics) == events[-1].result["metrics"]


def test_a_trial_that_is_stopped_ends_where_it_is(tmp_path: Path) -> None:
    executor = DryExecutor()
    executor.submit(job(tmp_path))
    executor.events(0)
    executor.stop(0)
    (done,) = executor.events(0)
    assert (done.result["stopped"], done.result["epochs"]) == (True, 1)


def test_a_wrong_configuration_fails(tmp_path: Path) -> None:
    executor = DryExecutor()
    executor.submit(job(tmp_path, plain=changed("train", "epochs", 0)))
    (failed,) = executor.events(0)
    assert isinstance(failed, Failed)
    assert failed.reason == "train.epochs must be at least 1, got 0"
