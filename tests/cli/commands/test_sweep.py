"""A real sweep of small trials: what it leaves behind, and what happens when things go wrong."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import optuna
import psutil
import pytest
import yaml
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from mnist_sweep.cli.main import run
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.history import read_history

pytestmark = pytest.mark.usefixtures("no_report")

SMALL = ["data=digits", "model=dnn", "model.units=[16]", "train.epochs=3", "train.batch_size=64",
         "train.learning_rate_schedule=constant", "train.precision=float32"]  # fmt: skip
SPACE = ["model.dropout=interval(0.0,0.5)", "optimizer.learning_rate=tag(log,interval(1e-4,1e-2))"]
QUIET = ["tracking=none"]


def sweep(folder: Path, *overrides: str) -> int:
    return run(["sweep", f"runs_folder={folder}", *SMALL, *SPACE, *QUIET, *overrides])


def summary(folder: Path, name: str = "dnn-digits") -> dict:
    return json.loads((folder / name / "summary.json").read_text())


def digest(study: StudyFolder, number: int) -> str:
    return json.loads(study.trial(number).environment.read_text())["weights_digest"]


def load_study(folder: StudyFolder) -> optuna.Study:
    return optuna.load_study(study_name=folder.name, storage=JournalStorage(JournalFileBackend(str(folder.journal))))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    folder = tmp_path_factory.mktemp("runs")
    assert sweep(folder, "search.n_trials=5") == 0
    return StudyFolder(folder / "dnn-digits")


def test_optuna_has_every_trial_as_the_folders_do(study: StudyFolder) -> None:
    trials = load_study(study).trials
    assert len(trials) == 5
    for trial in trials:
        state = json.loads(study.trial(trial.number).state.read_text())
        assert state["state"] == trial.state.name
        rows = read_history(study.trial(trial.number).history)
        best = max(row["val_accuracy"] for row in rows)
        assert trial.intermediate_values[len(rows)] == best
        if trial.state.name == "COMPLETE":
            assert trial.value == best
            assert len(rows) == 3


def test_the_base_configuration_is_trial_0(study: StudyFolder) -> None:
    config = yaml.safe_load(study.trial(0).config.read_text())
    assert config["model"] == {"_target_": "mnist_sweep.models.dnn", "units": [16], "dropout": 0.0}
    assert config["optimizer"]["learning_rate"] == 0.007
    assert yaml.safe_load(study.trial(0).overrides.read_text()) == SMALL


def test_summary_counts_and_names_the_best(study: StudyFolder) -> None:
    found = summary(study.path.parent)
    optunas = load_study(study)
    assert sum(found["states"].values()) == 5
    assert found["states"]["COMPLETE"] == sum(t.state.name == "COMPLETE" for t in optunas.trials)
    assert found["best"]["trial"] == optunas.best_trial.number
    assert found["best"]["value"] == optunas.best_value
    assert found["best"]["weights_digest"] == digest(study, optunas.best_trial.number)
    assert 0 < found["busy_fraction"] <= 1
    assert found["wall_seconds"] > 0


def test_trial_folders_hold_everything(study: StudyFolder) -> None:
    for trial in study.trials():
        names = {path.name for path in trial.path.iterdir()} - {"model.keras"}
        assert names == {"config.yaml", "overrides.yaml", "history.csv", "metrics.json", "environment.json", "figures",
                         "predictions.npz", "model.txt", "log.txt", "state.json", "record.json",
                         "usage.json"}  # fmt: skip
        assert {path.name for path in trial.figures.iterdir()} == {
            "curves.png", "error_gallery.png", "confusion_matrix.png",
        }  # fmt: skip


def test_models_are_kept_for_the_best_trials_alone(study: StudyFolder) -> None:
    complete = [trial for trial in load_study(study).trials if trial.state.name == "COMPLETE"]
    best = sorted(complete, key=lambda trial: (-trial.value, trial.number))[:3]
    kept = [number for number in range(5) if study.trial(number).model.exists()]
    assert kept == sorted(trial.number for trial in best)


def test_a_second_call_does_nothing_and_says_so(study: StudyFolder, capsys: pytest.CaptureFixture[str]) -> None:
    before = study.journal.read_bytes()
    assert sweep(study.path.parent, "search.n_trials=5", "runtime.workers=1") == 0
    assert "nothing to do" in capsys.readouterr().out
    assert study.journal.read_bytes() == before


def test_a_study_goes_on_to_a_larger_total_only_as_what_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sweep(tmp_path, "search.n_trials=1") == 0
    assert sweep(tmp_path, "search.n_trials=2") == 0
    assert sum(summary(tmp_path)["states"].values()) == 2
    capsys.readouterr()
    assert sweep(tmp_path, "search.n_trials=3", "optimizer.beta_1=0.8") == 2
    error = capsys.readouterr().err
    assert "optimizer.beta_1: 0.7 -> 0.8" in error
    assert error.count("\n") == 1
    assert sum(summary(tmp_path)["states"].values()) == 2


def test_the_number_of_workers_changes_no_bit(study: StudyFolder, tmp_path: Path) -> None:
    assert sweep(tmp_path, "search.n_trials=2", "runtime.workers=1") == 0
    assert digest(StudyFolder(tmp_path / "dnn-digits"), 0) == digest(study, 0)


def test_a_trials_command_gives_the_same_model(study: StudyFolder, tmp_path: Path) -> None:
    overrides = yaml.safe_load(study.trial(1).overrides.read_text())
    epochs = len(read_history(study.trial(1).history))
    assert run(["train", f"runs_folder={tmp_path}", *QUIET, *overrides, f"train.epochs={epochs}"]) == 0
    assert digest(StudyFolder(tmp_path / "train"), 0) == digest(study, 1)


def test_best_yaml_runs_under_train(study: StudyFolder, tmp_path: Path) -> None:
    assert run(["train", str(study.best), f"runs_folder={tmp_path}", *QUIET]) == 0
    assert digest(StudyFolder(tmp_path / "train"), 0) == summary(study.path.parent)["best"]["weights_digest"]


def test_a_trials_own_config_yaml_runs_under_train(study: StudyFolder, tmp_path: Path) -> None:
    """It has the name of our own primary configuration, which must not take its place."""
    assert run(["train", str(study.trial(0).config), f"runs_folder={tmp_path}", *QUIET]) == 0
    assert digest(StudyFolder(tmp_path / "train"), 0) == digest(study, 0)


def test_a_search_leaves_single_trials_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    single = StudyFolder(tmp_path / "mine").trial(0)
    single.path.mkdir(parents=True)
    single.config.write_text("precious")
    assert sweep(tmp_path, "study.name=mine", "search.n_trials=1") == 2
    assert "holds single trials" in capsys.readouterr().err
    assert single.config.read_text() == "precious"
    assert sweep(tmp_path, "study.name=train") == 2


@pytest.mark.parametrize("which", ["COMPLETE", "PRUNED"])
def test_reproduce_is_exact(study: StudyFolder, which: str, capsys: pytest.CaptureFixture[str]) -> None:
    numbers = [trial.number for trial in load_study(study).trials if trial.state.name == which]
    if not numbers:
        pytest.skip(f"no trial of this study is {which}")
    capsys.readouterr()
    code = run(["reproduce", "study=dnn-digits", f"trial={numbers[-1]}", f"runs_folder={study.path.parent}", *QUIET])
    last = capsys.readouterr().out.strip().splitlines()[-1]
    assert last.startswith("EXACT:")
    assert code == 0


def test_reproduce_sees_another_result(study: StudyFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import shutil

    copy = StudyFolder(tmp_path / "dnn-digits")
    shutil.copytree(study.path, copy.path)
    environment = json.loads(copy.trial(0).environment.read_text())
    copy.trial(0).environment.write_text(json.dumps({**environment, "weights_digest": "0" * 64}))
    command = ["reproduce", "study=dnn-digits", "trial=0", f"runs_folder={tmp_path}", *QUIET]
    assert run(command) == 0
    assert "WITHIN TOLERANCE:" in capsys.readouterr().out
    metrics = json.loads(copy.trial(0).metrics.read_text())
    copy.trial(0).metrics.write_text(json.dumps({**metrics, "val_accuracy": 0.1}))
    assert run(command) == 1
    assert capsys.readouterr().out.strip().splitlines()[-1].startswith("DIFFERENT:")


def test_a_lost_trial_is_tried_again_to_the_same_end(study: StudyFolder, tmp_path: Path) -> None:
    """The process of the first trial is killed while it trains."""
    stop = threading.Event()
    killed: list[int] = []

    def kill_the_first() -> None:
        history = StudyFolder(tmp_path / "dnn-digits").trial(0).history
        while not stop.is_set() and not killed:
            if history.exists():
                for child in psutil.Process().children(recursive=True):
                    if any(str(file.path).endswith("0000/log.txt") for file in _files(child)):
                        os.kill(child.pid, signal.SIGKILL)
                        killed.append(child.pid)
            time.sleep(0.01)

    thread = threading.Thread(target=kill_the_first)
    thread.start()
    try:
        assert sweep(tmp_path, "search.n_trials=1", "train.epochs=3") == 0
    finally:
        stop.set()
        thread.join()
    again = StudyFolder(tmp_path / "dnn-digits")
    assert killed
    assert json.loads(again.trial(0).state.read_text())["retries"] == 1
    assert digest(again, 0) == digest(study, 0)
    assert [trial.state.name for trial in load_study(again).trials] == ["COMPLETE"]


def _files(process: psutil.Process) -> list:
    try:
        return process.open_files()
    except psutil.Error:
        return []


def test_a_grid_is_tried_whole_and_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Three units of which none is the base configuration's: four trials in all."""
    code = run(["sweep", f"runs_folder={tmp_path}", *SMALL[:2], "train.epochs=1", "sampler=grid", "pruner=none", *QUIET,
                "search=default", "model.units=choice([4],[8],[12])", "model.dropout=0.1"])  # fmt: skip
    assert code == 0
    assert "every combination of the space has been tried" in capsys.readouterr().out
    trials = load_study(StudyFolder(tmp_path / "dnn-digits")).trials
    assert trials[0].params.get("model.units") is None
    assert sorted(trial.params["model.units"] for trial in trials[1:]) == ["[12]", "[4]", "[8]"]


def test_several_metrics_give_a_pareto_front(tmp_path: Path) -> None:
    code = sweep(tmp_path, "search.n_trials=3", "search.metric=[val_accuracy,parameters]", "train.epochs=1",
                 "model.units=choice([4],[32])")  # fmt: skip
    assert code == 0
    optunas = load_study(StudyFolder(tmp_path / "dnn-digits"))
    assert [d.name for d in optunas.directions] == ["MAXIMIZE", "MINIMIZE"]
    assert summary(tmp_path)["pareto_front"] == sorted(trial.number for trial in optunas.best_trials)


def test_a_target_ends_the_search(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sweep(tmp_path, "search.n_trials=9", "search.target=0.05", "runtime.workers=1", "train.epochs=1") == 0
    assert sum(summary(tmp_path)["states"].values()) == 1
    assert "search.target=0.05 is reached" in capsys.readouterr().out


def test_failing_trials_are_told_and_end_the_search(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A learning rate without bounds gives a loss that is not a number."""
    code = run(["sweep", f"runs_folder={tmp_path}", *SMALL, *QUIET, "search.n_trials=9", "search.max_failures=2",
                "optimizer.learning_rate=1e30", "runtime.workers=1", "optimizer=sgd"])  # fmt: skip
    assert code == 1
    found = summary(tmp_path)
    assert found["states"] == {"COMPLETE": 0, "PRUNED": 0, "FAIL": 2}
    state = json.loads(StudyFolder(tmp_path / "dnn-digits").trial(0).state.read_text())
    assert state["reason"].startswith("loss became")
    assert "Traceback" in StudyFolder(tmp_path / "dnn-digits").trial(0).log.read_text()
    assert "the last 2 trials have failed" in capsys.readouterr().out


def test_the_driver_does_not_import_tensorflow(tmp_path: Path) -> None:
    code = (
        "import sys; from mnist_sweep.cli.main import run; code = run(sys.argv[1:]); "
        "heavy = [name for name in ('tensorflow', 'keras', 'matplotlib.pyplot') if name in sys.modules]; "
        "sys.exit(f'{heavy}' if heavy else code)"
    )
    command = ["sweep", f"runs_folder={tmp_path}", *SMALL, *SPACE, *QUIET, "search.n_trials=1", "train.epochs=1"]
    done = subprocess.run(
        [sys.executable, "-c", code, *command], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_a_model_and_a_data_set_of_the_users_own(tmp_path: Path) -> None:
    """One function and one YAML file each, and the leave to run them."""
    (tmp_path / "own.py").write_text(
        "import numpy as np\n"
        "def bars(part, *, size):\n"
        "    labels = np.arange(200 if part == 'train' else 40) % 4\n"
        "    images = np.zeros((len(labels), size, size), np.uint8)\n"
        "    for image, label in zip(images, labels):\n"
        "        image[:, label] = 255\n"
        "    return images, labels\n"
        "def tiny(image, classes, *, width):\n"
        "    import keras\n"
        "    return keras.Sequential([keras.Input(image), keras.layers.Flatten(), keras.layers.Dense(width),\n"
        "                             keras.layers.Dense(classes, activation='softmax', dtype='float32')])\n"
    )
    (tmp_path / "conf/model").mkdir(parents=True)
    (tmp_path / "conf/data").mkdir()
    (tmp_path / "conf/model/tiny.yaml").write_text("_target_: own.tiny\nwidth: 5\n")
    (tmp_path / "conf/data/bars.yaml").write_text(
        "_target_: own.bars\nname: bars\nvalidation: split\nvalidation_size: 40\nsplit_seed: 0\nsize: 8\n"
    )
    command = [sys.executable, "-m", "mnist_sweep", "train", "--config-dir", "conf", "data=bars", "model=tiny",
               "train.epochs=2", "train.batch_size=8", *QUIET]  # fmt: skip
    refused = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert refused.returncode == 2
    assert "runtime.allowed_targets=[own]" in refused.stderr
    command.append("runtime.allowed_targets=[own]")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    trial = StudyFolder(tmp_path / "runs/train").trial(0)
    assert json.loads(trial.metrics.read_text())["parameters"] == 64 * 5 + 5 + 5 * 4 + 4
    assert "--config-dir conf" in json.loads(trial.environment.read_text())["command"]
