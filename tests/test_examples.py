"""The examples run as they are, each in a copy of its folder."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mnist_sweep as ms

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the examples, to be written into."""
    shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__", "runs"))
    return tmp_path / "examples"


def execute(folder: Path, *command: str, **variables: str) -> str:
    """Runs a command there as a user does; gives what it prints."""
    environment = {**os.environ, "PYTHONPATH": str(EXAMPLES.parent), "TF_CPP_MIN_LOG_LEVEL": "3", **variables}
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def fewer(file: Path, n_trials: int) -> None:
    """Makes an example shorter."""
    text, count = re.subn(r"n_trials=\d+", f"n_trials={n_trials}", file.read_text())
    assert count == 1
    file.write_text(text)


@pytest.mark.slow
def test_a_scikit_learn_model_is_tuned_with_pruning(folder: Path) -> None:
    fewer(folder / "sklearn_partial_fit.py", 12)
    printed = execute(folder, "sklearn_partial_fit.py")
    study = ms.open_study(folder / "runs" / "sgd", ["sklearn_partial_fit"])
    assert "reproduced: EXACT" in printed
    assert len(study.trials) == 12
    assert any(trial.state.value == "PRUNED" for trial in study.trials)
    assert study.best is not None
    assert study.best.value is not None
    assert study.best.value > 0.9
    assert (study.best.folder / "coefficients.npy").is_file()


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")
@pytest.mark.skipif("MNIST_SWEEP_DATA" not in os.environ, reason="$MNIST_SWEEP_DATA is not set")
def test_a_pytorch_loop_is_tuned(folder: Path) -> None:
    fewer(folder / "torch_mnist.py", 3)
    assert "<Study torch: " in execute(folder, "torch_mnist.py")
    best = ms.open_study(folder / "runs" / "torch").best
    assert best is not None
    assert best.metrics["best_val_accuracy"] > 0.9


@pytest.mark.slow
@pytest.mark.parametrize(("file", "study"), [("keras_model.py", "residual-digits"), ("image_files.py", "dnn-shapes")])
def test_a_model_and_a_data_set_of_ones_own(folder: Path, file: str, study: str) -> None:
    fewer(folder / file, 2)
    execute(folder, file)
    best = ms.open_study(folder / "runs" / study).best
    assert best is not None
    assert best.predictions is not None
    assert best.metrics["val_accuracy"] > 0.3


def test_a_task_of_ones_own_from_the_command_line(folder: Path) -> None:
    documented = (folder / "a_task" / "task.py").read_text()
    assert "mnist-sweep sweep --config-dir conf task=curve 'fit.degree=range(1,10)'" in documented
    command = ["sweep", "--config-dir", "conf", "task=curve", "fit.degree=range(1,10)", "noise.scale=0.2",
               "search.n_trials=9", "search.metric=val_error", "runtime.allowed_targets=[task]"]  # fmt: skip
    execute(folder / "a_task", "-m", "mnist_sweep", *command)
    study = ms.open_study(folder / "a_task" / "runs" / "Curve", ["task"])
    assert len(study.trials) == 9
    assert study.metrics == ["val_error"]
    assert study.best is not None
    assert 3 <= study.best.config["fit"]["degree"] <= 9  # a sine over one period is no line
    assert study.best.metrics["coefficients"] == study.best.config["fit"]["degree"] + 1
    wrong = [text.replace("0.2", "-1.0") for text in command]
    environment = {**os.environ, "PYTHONPATH": str(EXAMPLES.parent)}
    said = subprocess.run(
        [sys.executable, "-m", "mnist_sweep", *wrong], cwd=folder / "a_task", text=True, env=environment,
        capture_output=True, check=False,
    )  # fmt: skip
    assert (said.returncode, said.stderr) == (2, "error: noise.scale must be at least 0, got -1.0\n")


def test_the_notebook_runs(folder: Path) -> None:
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    notebook = nbformat.read(folder / "notebook.ipynb", as_version=4)
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}}).execute()
    texts = [output["data"].get("text/plain", "") for cell in notebook.cells if cell.cell_type == "code"
             for output in cell.outputs if "data" in output]  # fmt: skip
    assert any(text.startswith("<Study bowl: ") for text in texts)
    assert any("'EXACT'" in text for text in texts)
