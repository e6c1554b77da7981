"""An epoch of each trial for every call of `events`, without a process."""

from pathlib import Path

from mnist_sweep.execution import Done, Epoch, Failed, InlineExecutor, Job, Started
from mnist_sweep.files import read_json
from mnist_sweep.storage.folders import TrialFolder

PLAIN = {
    "data": {"_target_": "mnist_sweep.data.digits", "name": "digits", "validation": "split", "validation_size": 360,
             "split_seed": 0},
    "task": {"_target_": "mnist_sweep.tasks.Dry"},
    "model": {"_target_": "mnist_sweep.models.dnn", "units": [100], "dropout": 0.3},
    "optimizer": {"_target_": "keras.optimizers.Adam", "learning_rate": 1e-3, "beta_1": 0.9, "beta_2": 0.999,
                  "epsilon": 1e-7},
    "train": {"epochs": 3, "batch_size": 64, "loss": "sparse_categorical_crossentropy", "precision": "float32",
              "early_stopping_patience": None},
    "study": {"seed": 0},
}  # fmt: skip


def job(folder: Path, number: int = 0, plain: dict = PLAIN) -> Job:
    settings = {"allowed": [], "environment": {}, "keep_model": False, "data": {"train_images": 10}}
    return Job(number, "train", plain, str(folder / str(number)), settings)


def changed(section: str, key: str, value: object) -> dict:
    return {**PLAIN, section: {**PLAIN[section], key: value}}


def test_a_trial_gives_its_events_and_leaves_its_folder(tmp_path: Path) -> None:
    executor = InlineExecutor()
    executor.submit(job(tmp_path))
    events = [event for _ in range(5) for event in executor.events(0)]
    assert [type(event) for event in events] == [Started, Epoch, Epoch, Epoch, Done]
    folder = TrialFolder(tmp_path / "0")
    assert folder.rows() == [event.row for event in events if isinstance(event, Epoch)]
    assert read_json(folder.metrics) == events[-1].result["metrics"]


def test_a_trial_that_is_stopped_ends_where_it_is(tmp_path: Path) -> None:
    executor = InlineExecutor()
    executor.submit(job(tmp_path))
    executor.events(0)
    executor.stop(0)
    (done,) = executor.events(0)
    assert (done.result["stopped"], done.result["epochs"]) == (True, 1)


def test_a_wrong_configuration_fails(tmp_path: Path) -> None:
    executor = InlineExecutor()
    executor.submit(job(tmp_path, plain=changed("train", "epochs", 0)))
    (failed,) = executor.events(0)
    assert isinstance(failed, Failed)
    assert failed.reason == "train.epochs must be at least 1, got 0"
