"""record.json: the same tags for every kind of run."""

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.files import read_json, write_json
from mnist_sweep.storage.run_record import RunDescription, RunKind, read_record, run_record

DATA = {"digest": "abc", "name": "digits"}
SOURCE = {"mlflow.source.name", "mlflow.source.type", "mlflow.user", "mlflow.source.git.commit"}
EVERY_RUN = {"study", "kind", "folder", "command", "data_digest", "executor"}


def _described(tmp_path, kind, **more):
    return RunDescription(
        kind=kind, name="mine", study="s", folder=tmp_path, command="mnist-sweep train", started_by="make sweep",
        config={"train": {"epochs": 2}, "seed": 1}, data=DATA, executor="local", **more,
    )  # fmt: skip


@pytest.mark.parametrize("kind", list(RunKind))
def test_every_run_has_the_same_tags(tmp_path, kind):
    trial = None if kind is RunKind.STUDY else 7
    record = run_record(_described(tmp_path, kind, trial=trial, tags={"more": "1"}), started=5.0)
    of_trials = {"trial", "state", "mlflow.note.content"} if trial else set()
    assert set(record.tags) - SOURCE == EVERY_RUN | of_trials | {"more"}
    assert record.tags["kind"] == kind
    assert record.tags["data_digest"] == "abc"
    assert record.tags.get("trial") == (None if trial is None else "7")
    assert record.started == 5.0
    assert record.data == ({} if kind is RunKind.STUDY else DATA)


def test_parameters_have_dotted_keys_and_the_searched_ones_are_named(tmp_path):
    record = run_record(_described(tmp_path, RunKind.TRIAL, trial=0, searched=["train.epochs"], params={"fold": 1}))
    assert record.params == {"fold": 1, "train.epochs": 2, "seed": 1}
    assert record.searched == ["train.epochs"]
    assert run_record(_described(tmp_path, RunKind.STUDY)).searched == ["train.epochs", "seed"]


def test_the_note_is_the_command_unless_another_is_given(tmp_path):
    note = "mlflow.note.content"
    assert run_record(_described(tmp_path, RunKind.TRAIN, trial=0)).tags[note] == "```\nmnist-sweep train\n```"
    assert run_record(_described(tmp_path, RunKind.TRAIN, trial=0, note="# mine")).tags[note] == "# mine"


def test_a_record_is_read_as_it_was_written(tmp_path):
    record = run_record(_described(tmp_path, RunKind.CONFIRM, trial=3))
    record.write(tmp_path / "record.json")
    assert read_record(tmp_path / "record.json") == record
    damaged = read_json(tmp_path / "record.json")
    del damaged["tags"]
    write_json(tmp_path / "record.json", damaged)
    with pytest.raises(UserError, match=r"record\.json is damaged"):
        read_record(tmp_path / "record.json")
