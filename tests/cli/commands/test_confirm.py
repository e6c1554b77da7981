"""Confirming a real study: what is trained, written, registered, and how often the test images are opened."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

from mnist_sweep.cli.main import run
from mnist_sweep.config import Component, DataConfig, Split
from mnist_sweep.files import read_json
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.tasks.image_classifier.data import describe
from mnist_sweep.tasks.image_classifier.data.archives import IDX_NAMES

QUIET = "tracking=none"
SMALL = ["data=digits", "model=dnn", "model.units=[16]", "train.epochs=3", "train.batch_size=64"]
SPACE = ["model.dropout=interval(0.0,0.5)", "optimizer.learning_rate=tag(log,interval(1e-3,1e-2))"]
TWO = ["confirm.top_k=1", "confirm.seeds=2"]


def digests(study: StudyFolder) -> dict[str, str]:
    return {folder.path.name: read_json(folder.environment)["weights_digest"] for folder in study.confirmations()}


@pytest.fixture(scope="module")
def confirmed(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    """A study with its MLflow store, confirmed; a sweep of its own, as the shared one must not be changed."""
    folder = tmp_path_factory.mktemp("confirmed")
    assert run(["sweep", f"runs_folder={folder}", *SMALL, *SPACE, "search.n_trials=3", "pruner=none"]) == 0
    assert run(["confirm", f"runs_folder={folder}", *TWO]) == 0
    return StudyFolder(folder / "dnn-digits")


def test_every_finalist_is_trained_on_all_training_images_with_each_seed(confirmed: StudyFolder) -> None:
    found = read_json(confirmed.confirmed)
    trials = [row["trial"] for row in found["finalists"]]
    assert 0 in trials
    assert sorted(digests(confirmed)) == sorted(f"{trial:04d}-{seed}" for trial in trials for seed in range(2))
    assert len(set(digests(confirmed).values())) == 2 * len(trials)
    for folder in confirmed.confirmations():
        data = read_json(folder.environment)["data"]
        assert (data["train_images"], data["validation_images"]) == (1437, 360)
        with np.load(folder.predictions) as predictions:
            right = float((predictions["predicted"] == predictions["labels"]).mean())
        trial, seed = map(int, folder.path.name.split("-"))
        row = next(row for row in found["finalists"] if row["trial"] == trial)
        assert row["test_accuracy"]["values"][seed] == right


def test_the_opening_is_noted_once(confirmed: StudyFolder, capsys: pytest.CaptureFixture[str]) -> None:
    before = (confirmed.test_set.read_bytes(), digests(confirmed))
    times = [folder.environment.stat().st_mtime_ns for folder in confirmed.confirmations()]
    assert run(["confirm", f"runs_folder={confirmed.path.parent}", *TWO]) == 0
    assert "runs have ended before" in capsys.readouterr().out
    assert (confirmed.test_set.read_bytes(), digests(confirmed)) == before
    assert [folder.environment.stat().st_mtime_ns for folder in confirmed.confirmations()] == times
    assert read_json(confirmed.test_set)["times_opened"] == 1


def test_mlflow_has_the_runs_apart_from_the_trials(confirmed: StudyFolder) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{confirmed.path.parent / 'mlflow.db'}")
    found = client.search_runs([client.get_experiment_by_name("mnist_sweep").experiment_id])
    (parent,) = [one for one in found if one.data.tags["kind"] == "study"]
    assert parent.data.tags["test_set_opened"] == "1"
    assert "Confirmed on the test images" in parent.data.tags["mlflow.note.content"]
    assert parent.info.status == "FINISHED"
    ours = [one for one in found if one.data.tags["kind"] == "confirm"]
    assert len(ours) == len(confirmed.confirmations())
    for one in ours:
        assert one.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert one.info.status == "FINISHED"
        assert "test_accuracy" in one.data.metrics
        assert not [name for name in one.data.metrics if "val_" in name or name.startswith("best_")]


USE = """
import sys
sys.modules["mnist_sweep"] = None
import mlflow, numpy as np
mlflow.set_tracking_uri(sys.argv[1])
images = np.random.default_rng(0).random((3, 28, 28, 1), np.float32)
one = np.asarray(mlflow.pyfunc.load_model("models:/dnn-digits@champion").predict(images))
import mlflow.tensorflow
network = mlflow.tensorflow.load_model("models:/dnn-digits@champion")
assert one.shape == (3, 10) and np.allclose(one.sum(axis=1), 1, atol=1e-5)
assert np.allclose(one, network.predict(images, verbose=0), atol=1e-5)
print("parameters", network.count_params())
"""


def test_the_champion_is_loaded_without_this_package(confirmed: StudyFolder, tmp_path: Path) -> None:
    uri = f"sqlite:///{confirmed.path.parent / 'mlflow.db'}"
    command = [sys.executable, "-c", USE, uri]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, cwd=tmp_path)
    found = read_json(confirmed.confirmed)
    row = next(row for row in found["finalists"] if row["trial"] == found["recommended"])
    assert f"parameters {row['parameters']}" in done.stdout, done.stderr
    (package,) = (confirmed.path.parent / "artifacts").glob("*/artifacts/model")
    assert "tensorflow==" in (package / "requirements.txt").read_text()
    assert not [file for file in package.rglob("*") if "pickle" in file.name or file.suffix == ".pkl"]


def test_the_winner_is_an_experiment_with_the_same_bits(confirmed: StudyFolder, tmp_path: Path) -> None:
    (tmp_path / "own/experiment").mkdir(parents=True)
    shutil.copy(confirmed.winner, tmp_path / "own/experiment/mine.yaml")
    text = confirmed.winner.read_text()
    assert text.startswith("# @package _global_\n")
    command = ["train", "--config-dir", str(tmp_path / "own"), "experiment=mine", f"runs_folder={tmp_path}", QUIET]
    assert run(command) == 0
    environment = read_json(tmp_path / "train/trials/0000/environment.json")
    winner = read_json(confirmed.confirmed)["recommended"]
    assert environment["weights_digest"] == digests(confirmed)[f"{winner:04d}-0"]
    assert environment["weights_digest"] in text


def test_the_report_says_what_was_confirmed(confirmed: StudyFolder) -> None:
    page = confirmed.report.read_text(encoding="utf-8")
    assert "Confirmed on fresh seeds by the test images" in page
    assert "Not yet confirmed" not in page


def test_a_pasted_run_gives_the_same_bits(confirmed: StudyFolder, tmp_path: Path) -> None:
    folder = confirmed.confirmations()[-1]
    overrides = yaml.safe_load(folder.overrides.read_text())
    assert run(["train", *overrides, f"runs_folder={tmp_path}", QUIET]) == 0
    environment = read_json(tmp_path / "train/trials/0000/environment.json")
    assert environment["weights_digest"] == read_json(folder.environment)["weights_digest"]


@pytest.mark.slow
def test_an_interrupted_confirm_goes_on(confirmed: StudyFolder, tmp_path: Path) -> None:
    study = StudyFolder(tmp_path / "dnn-digits")
    shutil.copytree(confirmed.path, study.path, ignore=shutil.ignore_patterns("confirm", "*confirmed*", "test_set*"))
    command = [sys.executable, "-m", "mnist_sweep", "confirm", f"runs_folder={tmp_path}", *TWO, QUIET,
               "runtime.workers=1"]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    end = time.monotonic() + 120
    while time.monotonic() < end and sum(folder.history.exists() for folder in study.confirmations()) < 2:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "run the same command to go on" in said
    assert not study.confirmed.exists()
    states = [read_json(folder.state)["state"] for folder in study.confirmations() if folder.state.exists()]
    assert "COMPLETE" in states
    assert run(["confirm", f"runs_folder={tmp_path}", *TWO, QUIET]) == 0
    assert digests(study) == digests(confirmed)
    assert read_json(study.test_set)["times_opened"] == 1


def test_sync_brings_the_runs_up_later(confirmed: StudyFolder, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    study = StudyFolder(tmp_path / "dnn-digits")
    shutil.copytree(confirmed.path, study.path, ignore=shutil.ignore_patterns("mlflow.json"))
    assert run(["sync", f"runs_folder={tmp_path}"]) == 0
    client = MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'mlflow.db'}")
    found = client.search_runs([client.get_experiment_by_name("mnist_sweep").experiment_id])
    kinds = [one.data.tags["kind"] for one in found]
    assert (kinds.count("trial"), kinds.count("confirm")) == (3, len(confirmed.confirmations()))


def test_other_finalists_or_seeds_are_another_opening(
    confirmed: StudyFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = StudyFolder(tmp_path / "dnn-digits")
    shutil.copytree(confirmed.path, study.path)
    assert run(["confirm", f"runs_folder={tmp_path}", "confirm.top_k=1", "confirm.seeds=3", QUIET]) == 0
    assert "test images were opened before" in capsys.readouterr().err
    assert read_json(study.test_set)["times_opened"] == 2


def test_only_what_is_open_gets_further_seeds(
    confirmed: StudyFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = StudyFolder(tmp_path / "dnn-digits")
    shutil.copytree(confirmed.path, study.path)
    command = ["confirm", f"runs_folder={tmp_path}", "confirm.top_k=2", "confirm.seeds=2..4", QUIET]
    assert run(command) == 0
    told = capsys.readouterr()
    found = read_json(study.confirmed)
    (first, *rest) = found["looks"]
    assert (found["planned_looks"], first["seeds"]) == ([2, 4], 2)
    is_open = any(one["verdict"] == "open" for one in first["standings"])
    assert found["seeds"] == (4 if is_open else 2)
    assert len(rest) == is_open
    assert f"After {found['looks'][-1]['seeds']} seeds: trial" in told.out
    if is_open:
        assert "At most 12 runs" in told.out
        assert "judged before, after 2 seeds" in told.err
    before = digests(study)
    assert run(command) == 0
    assert digests(study) == before
    assert read_json(study.confirmed)["looks"] == found["looks"]


def test_a_failed_run_leaves_its_finalist_out(own_runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The other is judged nevertheless; trial 0's folder can't be made."""
    study = StudyFolder(own_runs / "dnn-digits")
    (study.path / "confirm").mkdir()
    command = ["confirm", f"runs_folder={own_runs}", *TWO, QUIET, "runtime.memory_limit=10MB"]
    assert run(command) == 2
    assert "could be trained on all seeds" in capsys.readouterr().err
    assert run(command[:-1]) == 0


# --- the lock on the test images


def write_idx(folder: Path, test: bytes | None) -> None:
    """The digits as IDX files, the test part replaced by something that is none if `test` is given."""
    from mnist_sweep.tasks.image_classifier.data import digits

    folder.mkdir(parents=True)
    for (part, kind), name in IDX_NAMES.items():
        images, labels = digits(part)
        array = images if kind == "images" else labels
        header = b"\0\0\x08" + bytes([array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
        content = header + array.tobytes()
        (folder / name).write_bytes(test if test is not None and part == "test" else content)


def test_a_search_never_reads_the_test_images_and_confirm_is_the_first_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, folder = tmp_path / "images", f"runs_folder={tmp_path / 'runs'}"
    write_idx(place, b"none of the test images can be read")
    data = ["data=file", f"data.path={place}", "data.validation_size=360"]
    small = ["model=dnn", "model.units=[8]", "train.epochs=1", "search.n_trials=2", "pruner=none", QUIET]
    assert run(["sweep", folder, *data, *small, *SPACE]) == 0
    study = StudyFolder(next(path for path in (tmp_path / "runs").iterdir() if path.is_dir()))
    name = f"study={study.name}"
    assert run(["reproduce", folder, name, QUIET]) == 0
    assert run(["compare", f"{study.name}/0", f"{study.name}/1", folder, QUIET]) == 0
    capsys.readouterr()
    assert run(["confirm", folder, name, *TWO, QUIET]) == 2
    said = capsys.readouterr().err
    assert "t10k" in said
    assert "Traceback" not in said
    assert not study.test_set.exists()
    shutil.rmtree(place)
    write_idx(place, None)
    assert run(["confirm", folder, name, *TWO, QUIET]) == 0
    assert read_json(study.test_set)["times_opened"] == 1


def test_what_is_damaged_is_trained_again_or_told(own_runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = StudyFolder(own_runs / "dnn-digits")
    command = ["confirm", f"runs_folder={own_runs}", *TWO, QUIET]
    assert run(command) == 0
    before = digests(study)
    one, two, *_ = study.confirmations()
    one.predictions.write_bytes(one.predictions.read_bytes()[:100])
    two.metrics.write_text("{}")
    assert run(command) == 0
    assert digests(study) == before
    study.test_set.write_text('{"times')
    assert run(command) == 2
    assert "test_set.json can't be read" in capsys.readouterr().err
    study.test_set.unlink()
    best = read_json(study.summary)["best"]["trial"]
    state = study.trial(best).state.read_text()
    for truncated in (state[:20], state.replace("[", '["x",')):
        study.trial(best).state.write_text(truncated)
        assert run(command) == 2
        error = capsys.readouterr().err
        assert "state.json" in error
        assert error.count("\n") == 1


def test_fewer_seeds_than_are_known_forget_nothing(confirmed: StudyFolder, tmp_path: Path) -> None:
    study = StudyFolder(tmp_path / "dnn-digits")
    shutil.copytree(confirmed.path, study.path)
    assert run(["confirm", f"runs_folder={tmp_path}", "confirm.top_k=1", "confirm.seeds=3", QUIET]) == 0
    assert run(["confirm", f"runs_folder={tmp_path}", *TWO, QUIET]) == 0
    assert read_json(study.confirmed)["seeds"] == 3


def test_other_training_images_than_the_search_had_are_refused(
    own_runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for trial in StudyFolder(own_runs / "dnn-digits").trials():
        content = read_json(trial.environment)
        content["data"]["digests"]["train_labels"] = "0" * 64
        trial.environment.write_text(json.dumps(content))
    assert run(["confirm", f"runs_folder={own_runs}", *TWO, QUIET]) == 2
    assert "is not what trial" in capsys.readouterr().err


def test_the_description_of_a_search_is_of_the_training_images_alone(runs: Path) -> None:
    data = read_json(runs / "dnn-digits/trials/0000/environment.json")["data"]
    assert set(data["digests"]) == {"train_images", "train_labels"}
    config = DataConfig(Component("mnist_sweep.data.digits", {}), Split("digits", "split", 360, 0))
    assert describe(config).digests == data["digests"]
