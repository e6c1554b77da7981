"""The stored model that a trial goes on from."""

import shutil
from pathlib import Path

import pytest

from mnist_sweep.cli.main import run
from mnist_sweep.config import UserError
from mnist_sweep.config.initial_model import check_initial, digest_of
from mnist_sweep.files import read_json, read_yaml, write_yaml
from mnist_sweep.storage.folders import StudyFolder

SMALL = ["data=digits", "model=dnn", "model.units=[16]", "train.epochs=2", "train.batch_size=64", "tracking=none"]


def test_a_trial_goes_on_from_a_stored_model_and_is_reproduced(
    own_runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study, single = StudyFolder(own_runs / "dnn-digits"), StudyFolder(own_runs / "train")
    reached = read_json(study.trial(0).metrics)["val_accuracy"]
    train = ["train", *SMALL, f"runs_folder={own_runs}"]
    assert run([*train, "train.initial_model=dnn-digits/0"]) == 0
    assert run(train) == 0
    first, without = (single.trial(number).rows()[0]["val_accuracy"] for number in (0, 1))
    assert first > reached - 0.05 > without
    config = read_yaml(single.trial(0).config)["train"]
    assert config["initial_digest"] == digest_of(study.trial(0).model)
    assert Path(config["initial_model"]) == study.trial(0).model
    again = ["reproduce", "train", "trial=0", f"runs_folder={own_runs}", "tracking=none"]
    capsys.readouterr()
    assert run(again) == 0
    assert "EXACT" in capsys.readouterr().out
    # Pasted behind `train` its overrides give the same network; the place of the model does not matter.
    moved = own_runs / "elsewhere.keras"
    shutil.move(study.trial(0).model, moved)
    assert run(again) == 2
    assert "model.keras is gone; put back the model of SHA-256" in capsys.readouterr().err
    assert run([*train, f"train.initial_model={moved}"]) == 0
    digests = [read_json(single.trial(number).environment)["weights_digest"] for number in (0, 2)]
    assert digests[0] == digests[1]
    shutil.copy(own_runs / "train/trials/0001/config.yaml", study.trial(0).model)
    assert run(again) == 2
    assert "has changed: its SHA-256 was" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("dnn-digits/99", "is not there: there is no "),
        ("nowhere/0", "is not there"),
        ("model.h5", "must be a trial, such as cnn-mnist/7, or a file of Keras"),
    ],
)
def test_a_model_that_is_not_there_is_told(
    value: str, message: str, own_runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["train", *SMALL, f"runs_folder={own_runs}", f"train.initial_model={value}"]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_another_network_is_told(own_runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = [*SMALL, "model.units=[8]", f"runs_folder={own_runs}", "train.initial_model=dnn-digits/0"]
    assert run(["train", *given]) == 1
    reason = read_json(StudyFolder(own_runs / "train").trial(0).state)["reason"]
    told = "train.initial_model must be the network of `model`, but has 12,730 parameters in 4"
    assert reason.startswith(told)
    assert run(["sweep", *given, "study.name=other", "model.dropout=interval(0,0.5)"]) == 2  # before the first trial
    assert told in capsys.readouterr().err


def test_every_trial_begins_with_the_same_model(own_runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = [*SMALL, f"runs_folder={own_runs}", "train.initial_model=choice(dnn-digits/0,dnn-digits/1)"]
    assert run(["plan", *given]) == 2
    assert "search.space must not have train.initial_model" in capsys.readouterr().err


def test_a_digest_alone_is_no_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", *SMALL, f"runs_folder={tmp_path}", "train.initial_digest=abc"]) == 2
    assert "train.initial_digest is the SHA-256 of train.initial_model" in capsys.readouterr().err


def test_a_changed_file_is_told(tmp_path: Path) -> None:
    file = tmp_path / "x.keras"
    write_yaml(file, {"a": 1})
    check_initial(None, None)
    check_initial(str(file), digest_of(file))
    with pytest.raises(UserError, match="has changed"):
        check_initial(str(file), "0" * 64)
