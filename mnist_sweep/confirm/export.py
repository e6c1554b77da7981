"""Brings a network's .keras file into another form: `python -m mnist_sweep.confirm.export FILE INTO FORM`."""

import os
import subprocess
import sys
from enum import StrEnum
from pathlib import Path

from mnist_sweep.config import UserError

MISTAKE = 2  # the exit code for a network that is not loaded, as it could run code, or a package that is missing
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}


class Form(StrEnum):
    """What becomes of a network: a model of MLflow's, TensorFlow's SavedModel, or an ONNX file."""

    MLFLOW = "mlflow"
    SAVED_MODEL = "tf_saved_model"
    ONNX = "onnx"


def export(model: Path, into: Path, form: Form) -> None:
    """Exports in a process of its own, which may import TensorFlow.

    Args:
        model: The .keras file.
        into: The folder, or the ONNX file.
        form: What it becomes.

    Raises:
        UserError: It has layers that could run code, or a package is missing.
    """
    command = [sys.executable, "-m", "mnist_sweep.confirm.export", str(model), str(into), form]
    done = subprocess.run(command, text=True, capture_output=True, env={**os.environ, **QUIET}, check=False)
    if done.returncode == MISTAKE:
        raise UserError(done.stderr.strip().splitlines()[-1])
    if done.returncode:
        raise RuntimeError(f"{model} can't be exported as {form}:\n{done.stderr}")


def _write(model: Path, into: Path, form: Form) -> None:
    from mnist_sweep.tasks.image_classifier.models.load import load

    network = load(model)
    if form is Form.MLFLOW:
        from mnist_sweep.tracking.registry import save

        save(network, into)
    else:
        from mnist_sweep.tasks.image_classifier.models.exporting import write

        write(network, into, "onnx" if form is Form.ONNX else "tf_saved_model")


def main() -> None:
    """In a process of its own, as it needs TensorFlow."""
    try:
        _write(Path(sys.argv[1]), Path(sys.argv[2]), Form(sys.argv[3]))
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(MISTAKE)


if __name__ == "__main__":
    main()
