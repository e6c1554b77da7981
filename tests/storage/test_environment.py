"""environment.json is written in one place and checked where it is read."""

from pathlib import Path

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.config.kernels import Kernels
from mnist_sweep.files import read_json, write_json
from mnist_sweep.provenance import environment
from mnist_sweep.storage.environment import (
    Outcome,
    check_environment,
    kernels_of,
    machine_class_of,
    read_environment,
    write_environment,
)
from mnist_sweep.storage.folders import StudyFolder

DATA = {"name": "digits", "image": [8, 8, 1], "digests": {"train_images": "a" * 64}, "train_images": 5, "digest": "b"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "environment.json"


def test_what_the_driver_recorded_and_what_the_trial_adds_are_read_back(file: Path) -> None:
    recorded = {**environment("train x=1", "sweep"), "data": DATA}
    write_environment(file, recorded, Outcome("c" * 64, 3, 2.0, started=1.0, threads=1, trial_seed=7, study_seed=0))
    found = check_environment(file)
    assert (found.weights_digest, found.epochs, found.threads, found.trial_seed) == ("c" * 64, 3, 1, 7)
    assert (found.command, found.versions, found.commit) == ("train x=1", recorded["versions"], recorded["commit"])
    assert (found.data.digests, found.data.train_images) == (DATA["digests"], 5)
    written = read_json(file)
    assert written["data"] == DATA  # also what nobody reads
    assert (written["started"], written["ended"], written["started_by"]) == (1.0, 2.0, "sweep")


def test_without_a_complete_epoch_the_digest_is_null_and_other_gaps_are_left_out(file: Path) -> None:
    write_environment(file, {"data": DATA}, Outcome(None, 0, 2.0))
    assert read_json(file) == {"data": DATA, "weights_digest": None, "epochs": 0, "ended": 2.0}
    assert check_environment(file).weights_digest is None


@pytest.mark.parametrize(
    ("content", "key"),
    [({}, "data is missing"), ({"data": {"digests": "none"}}, "data.digests must be a mapping"),
     ({"data": DATA, "threads": "many"}, "threads must be a whole number")],
)  # fmt: skip
def test_what_no_trial_has_written_is_refused_by_its_key(file: Path, content: dict[str, object], key: str) -> None:
    write_json(file, content)
    with pytest.raises(UserError, match=f"{file}.{key}"):
        check_environment(file)
    with pytest.raises(UserError, match=f"trial 7.{key}"):
        check_environment(file, "trial 7")
    assert read_environment(file) is None


def test_a_missing_or_truncated_file_is_none(file: Path) -> None:
    assert read_environment(file) is None
    file.write_text('{"data": {')
    assert read_environment(file) is None


@pytest.mark.parametrize(
    ("content", "kernels"),
    [
        ({"kernels": "oneDNN", "processor_features": ["avx2"]}, Kernels.ONEDNN),
        ({"processor_features": ["avx2"]}, Kernels.EIGEN),  # of before it was recorded: as TensorFlow chooses
        ({"processor_features": ["avx2", "avx512_vnni"]}, Kernels.ONEDNN),
        ({}, None),
    ],
)
def test_the_kernels_of_an_older_trial_follow_from_its_cpu(
    file: Path, content: dict[str, object], kernels: Kernels | None
) -> None:
    write_json(file, {"data": DATA, **content})
    assert check_environment(file).trained_with is kernels


def test_a_study_goes_on_with_the_kernels_of_its_first_trained_trial(tmp_path: Path) -> None:
    study = StudyFolder(tmp_path / "mine")
    assert kernels_of(study) is None
    study.trial(0).path.mkdir(parents=True)  # it failed before it was trained
    for number, kernels in ((1, Kernels.EIGEN), (2, Kernels.ONEDNN)):
        study.trial(number).path.mkdir()
        write_environment(study.trial(number).environment, {"data": DATA}, Outcome(None, 0, 1.0, kernels=kernels))
    assert kernels_of(study) is Kernels.EIGEN


def test_the_class_of_a_study_is_that_of_its_first_trial(tmp_path: Path) -> None:
    study = StudyFolder(tmp_path)
    assert machine_class_of(study) is None
    for number, found in enumerate(("abc", "def")):
        study.trial(number).path.mkdir(parents=True)
        write_environment(
            study.trial(number).environment, {"data": DATA, "machine_class": found}, Outcome(None, 0, 2.0)
        )
    assert machine_class_of(study) == "abc"
