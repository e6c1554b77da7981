"""A network in other forms."""

import importlib.util
from pathlib import Path

import keras
import numpy as np
import pytest

from mnist_sweep.config import UserError
from mnist_sweep.tasks.image_classifier.models.exporting import write

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation", "ignore::DeprecationWarning", "ignore::FutureWarning"
)
HAS_ONNX = all(importlib.util.find_spec(name) for name in ("onnx", "tf2onnx"))


@pytest.fixture
def model() -> keras.Model:
    return keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(3, "softmax")])


def test_a_saved_model_predicts_the_same(model: keras.Model, tmp_path: Path) -> None:
    import tensorflow as tf

    write(model, tmp_path / "saved", "tf_saved_model")
    images = np.random.default_rng(0).random((5, 4, 4, 1), np.float32)
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    assert np.allclose(loaded.serve(images), model.predict(images, verbose=0), atol=1e-6)


@pytest.mark.skipif(HAS_ONNX, reason="its packages are installed")
def test_a_missing_package_is_told(model: keras.Model, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"pip install 'mnist_sweep\[onnx\]'"):
        write(model, tmp_path / "x.onnx", "onnx")


@pytest.mark.skipif(not HAS_ONNX, reason="its packages are not installed")
def test_an_onnx_file_computes_the_same(model: keras.Model, tmp_path: Path) -> None:
    from onnx.reference import ReferenceEvaluator

    write(model, tmp_path / "x.onnx", "onnx")
    images = np.random.default_rng(0).random((5, 4, 4, 1), np.float32)
    evaluator = ReferenceEvaluator(str(tmp_path / "x.onnx"))
    (found,) = evaluator.run(None, {evaluator.input_names[0]: images})
    assert np.allclose(found, model.predict(images, verbose=0), atol=1e-5)
