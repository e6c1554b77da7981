"""What a task may report, and how it is stopped."""

import math
import time
from dataclasses import replace

import numpy as np
import pytest

from mnist_sweep.config import parse_trial
from mnist_sweep.storage.folders import TrialFolder
from mnist_sweep.storage.history import read_history
from mnist_sweep.tasks.context import StopTrial, TrialContext
from mnist_sweep.tasks.trial_settings import TrialSettings

CONFIG = parse_trial(
    {"task": {"_target_": "mnist_sweep.tasks.Function", "function": "mine.f"}, "params": {}, "study": {"seed": 0}},
    ["mine"],
)


@pytest.fixture
def trial(tmp_path):
    """Makes a trial; `told` has its epochs, `stop` ends it."""

    def made(stop_after=None, stop=lambda: False, was_stopped=False):
        told = []
        context = TrialContext(
            CONFIG, TrialFolder(tmp_path), TrialSettings([], {}, {}, False, stop_after, was_stopped), told.append, stop,
            lambda: told.append("trained"),
        )  # fmt: skip
        return context, told

    return made


def test_what_is_reported_is_told_and_written(trial, tmp_path):
    context, told = trial()
    context.report(0, loss=np.float32(0.5), f1=1)
    context.report(2.5, f1=0.25, loss=0.125)
    assert [(row["epoch"], row["loss"], row["f1"]) for row in told] == [(0, 0.5, 1.0), (2.5, 0.125, 0.25)]
    assert context.rows == told == read_history(tmp_path / "history.csv")
    assert all(row["seconds"] >= 0 for row in told)
    assert (context.seed, context.folder, context.threads) == (CONFIG.trial_seed(), tmp_path, 1)


@pytest.mark.parametrize(
    ("epoch", "metrics", "error", "message"),
    [
        (1, {}, ValueError, "report must have metrics"),
        (1, {"best_loss": 0.5}, ValueError, "the metric best_loss can't be reported: best_NAME is the best"),
        (1, {"loss": 10**400}, FloatingPointError, "loss is too large for a floating-point number"),
        (1, {"loss": "low"}, TypeError, "loss must be a number, got 'low'"),
        (1, {"loss": True}, TypeError, "loss must be a number, got True"),
        (1, {"loss": math.nan}, FloatingPointError, "loss became nan"),
        (1, {"loss": -math.inf}, FloatingPointError, "loss became -inf"),
        (-1, {"loss": 1}, ValueError, "an epoch from 0 that grows, got -1"),
        ("1", {"loss": 1}, TypeError, "epoch must be a number"),
        (1, {"seconds": 1}, ValueError, "can't have the name 'seconds'"),
        (1, {"a,b": 1}, ValueError, "can't have the name 'a,b'"),
    ],
)
def test_what_can_not_be_reported_is_told(trial, epoch, metrics, error, message):
    context, told = trial()
    with pytest.raises(error, match=message):
        context.report(epoch, **metrics)
    assert told == []


def test_an_epoch_comes_once_and_with_the_same_metrics(trial):
    context, _ = trial()
    context.report(3, loss=1.0)
    for epoch in (3, 2):
        with pytest.raises(ValueError, match=f"an epoch from 0 that grows, got {epoch} after 3"):
            context.report(epoch, loss=1.0)
    with pytest.raises(ValueError, match="the same metrics each time, loss, got loss, f1"):
        context.report(4, loss=1.0, f1=1.0)


def test_a_trial_that_is_stopped_has_its_last_epoch(trial):
    context, told = trial(stop=lambda: True)
    with pytest.raises(StopTrial):
        context.report(1, loss=1.0)
    assert context.stopped
    assert len(told) == 1


def test_a_trial_that_repeats_a_stopped_one_ends_after_as_many_epochs(trial):
    context, told = trial(stop_after=2)
    context.report(1, loss=1.0)
    assert not context.should_stop()
    context.report(2, loss=1.0)
    assert context.should_stop()
    with pytest.raises(StopTrial):
        context.report(3, loss=1.0)
    assert len(told) == 2


def test_one_that_was_stopped_there_does_not_begin_another_epoch(trial):
    context, told = trial(stop_after=2, was_stopped=True)
    context.report(1, loss=1.0)
    with pytest.raises(StopTrial):
        context.report(2, loss=1.0)
    assert len(told) == 2


def test_the_end_of_the_training_is_told_once(trial):
    context, told = trial()
    context.trained()
    context.trained()
    assert told == ["trained"]


def test_a_file_of_the_result_lies_in_the_folder(trial, tmp_path):
    context, _ = trial()
    assert context.add_file("weights.bin") == tmp_path / "weights.bin"
    with pytest.raises(ValueError, match="the name of a file in the trial's folder"):
        context.add_file("../weights.bin")


@pytest.mark.parametrize("name", ["", ".", "..", "history.csv", "log.txt", "state.json", "metrics.json", "usage.json"])
def test_what_every_trial_has_is_no_file_of_ones_own(trial, name):
    context, _ = trial()
    with pytest.raises(ValueError, match="add_file takes the name of a file"):
        context.add_file(name)


def test_what_is_known_not_to_meet_the_constraints_is_not_run(trial):
    context, _ = trial()
    context.settings = replace(context.settings, constraints=["size<=3"])
    context.known(size=3, other=5)
    assert (context.stopped, context.refused) == (False, {})
    with pytest.raises(StopTrial):
        context.known(size=np.float32(4))
    assert (context.stopped, context.refused) == (True, {"size": 4.0})


def test_a_trial_that_was_lost_goes_on_after_its_checkpoint(trial, tmp_path, capsys):
    context, told = trial()
    assert (context.resumed(), context.last_epoch) == (None, 0)
    context.report(1, loss=0.5)
    context.report(2, loss=0.1 + 0.2)
    context.checkpoint(2, {"state": b"two"})
    context.report(3, loss=0.125)  # lost here
    again, told_again = trial()
    assert again.resumed() == {"state": b"two"}
    assert again.last_epoch == 2
    assert told_again == told[:2] == again.rows == read_history(tmp_path / "history.csv")
    assert capsys.readouterr().out == "goes on after epoch 2, from its checkpoint\n"
    again.report(3, loss=0.125)
    assert [row["loss"] for row in told_again] == [row["loss"] for row in told]
    text = (tmp_path / "history.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in text] == ["epoch", "1", "2", "3"]


def test_one_that_does_not_ask_begins_at_the_start(trial, tmp_path):
    context, _ = trial()
    context.report(1, loss=0.5)
    context.checkpoint(1, {})
    again, told = trial()
    again.report(1, loss=0.25)
    assert [row["loss"] for row in told] == [row["loss"] for row in read_history(tmp_path / "history.csv")] == [0.25]
    with pytest.raises(ValueError, match="before the first report"):
        again.resumed()


@pytest.mark.parametrize(
    ("epoch", "files", "error", "message"),
    [
        (2, {}, ValueError, "checkpoint must be of the last epoch reported, 1, got 2"),
        (0, {}, ValueError, "of the last epoch reported, 1, got 0"),
        (1, {"a": "text"}, TypeError, "checkpoint takes files as bytes, but a is str"),
    ],
)
def test_what_is_no_checkpoint_is_told(trial, epoch, files, error, message):
    context, _ = trial()
    with pytest.raises(ValueError, match="the last epoch reported, 0, got 1"):
        context.checkpoint(1, {})
    context.report(1, loss=1.0)
    with pytest.raises(error, match=message):
        context.checkpoint(epoch, files)
    assert not context.files.checkpoint.exists()


def test_a_checkpoint_is_told_and_no_time_of_an_epoch(trial):
    context, told = trial()
    context._on_checkpoint = lambda: (told.append("saved"), time.sleep(0.3))
    context.report(1, loss=1.0)
    context.checkpoint(1, {"a": b""})
    context.report(2, loss=1.0)
    assert told[1] == "saved"
    assert told[2]["seconds"] < 0.3
