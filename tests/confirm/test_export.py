"""A network as an MLflow model, without this package."""

import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from mnist_sweep.confirm import export

# What h5py does with Keras's variables as they are saved.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation"),
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType"),  # of MLflow's own import
]


def exported(monkeypatch: pytest.MonkeyPatch, model: keras.Model, folder: Path, form: str = "mlflow") -> Path:
    model.save(folder / "model.keras")
    monkeypatch.setattr(sys, "argv", ["export", str(folder / "model.keras"), str(folder / "package"), form])
    export.main()
    return folder / "package"


def test_an_exported_network_predicts_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(3, "softmax")])
    package = exported(monkeypatch, model, tmp_path)
    from mlflow.models import Model
    from mlflow.tensorflow import load_model

    images = np.random.default_rng(0).random((5, 4, 4, 1), np.float32)
    assert np.array_equal(load_model(str(package)).predict(images, verbose=0), model.predict(images, verbose=0))
    signature = Model.load(str(package)).signature
    assert [spec.shape for spec in (*signature.inputs.inputs, *signature.outputs.inputs)] == [(-1, 4, 4, 1), (-1, 3)]
    requirements = (package / "requirements.txt").read_text()
    assert f"keras=={keras.__version__}" in requirements
    assert "mnist" not in requirements
    assert not list(package.rglob("*.pkl"))


def test_a_network_that_could_run_code_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x + 1)])
    with pytest.raises(SystemExit) as ended:
        exported(monkeypatch, model, tmp_path)
    assert ended.value.code == export.MISTAKE
    assert "has a Lambda of keras.layers" in capsys.readouterr().err.strip().splitlines()[-1]
    assert not (tmp_path / "package").exists()


def test_a_saved_model_is_tensorflows_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(3, "softmax")])
    package = exported(monkeypatch, model, tmp_path, "tf_saved_model")
    assert (package / "saved_model.pb").is_file()
