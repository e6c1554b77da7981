"""Networks from files: our own come back, and what could run code is refused."""

import json
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from mnist_sweep.config import UserError
from mnist_sweep.tasks.image_classifier.models import blocks, cnn, dnn, load

# What h5py does with Keras's variables as they are saved.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")

DNN = {"units": [4], "dropout": 0.5}
CNN = {"filters_1": 2, "kernel_size_1": 3, "strides_1": 1, "padding_1": "same", "pool_size_1": 2, "filters_2": 2,
       "kernel_size_2": 3, "strides_2": 1, "padding_2": "same", "pool_size_2": 2, "dropout": 0.2,
       "dense_units": 3}  # fmt: skip


BLOCKS = {"filters": [2, 3], "convolutions": [1, 3], "kernel_size": 3, "separable": False, "shared": True,
          "normalization": True, "residual": True, "pool_size": 2, "dense_units": 3, "dropout": 0.1, "rotation": 9.0,
          "translation": 0.1, "zoom": 0.1}  # fmt: skip


def functional() -> keras.Model:
    """A network with two branches, as a user would write it."""
    inputs = keras.Input((8, 8, 1))
    found = keras.layers.Concatenate()([keras.layers.Conv2D(2, size, padding="same")(inputs) for size in (3, 5)])
    return keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(keras.layers.Flatten()(found)))


def with_operations() -> keras.Model:
    """A network that computes with tensors between its layers."""
    inputs = keras.Input((8, 8, 1))
    upper, lower = inputs[:, :4], inputs[:, 4:]
    found = keras.layers.Flatten()(keras.ops.relu(upper - 0.5 * lower))
    return keras.Model(inputs, keras.layers.Dense(3)(found / (1 + keras.ops.mean(found, axis=1, keepdims=True))))


@pytest.mark.parametrize(
    "model",
    [
        dnn((8, 8, 1), 3, **DNN),
        cnn((8, 8, 1), 3, **CNN),
        blocks((8, 8, 1), 3, **BLOCKS),
        functional(),
        with_operations(),
    ],
)
def test_our_own_networks_come_back_to_the_bit(tmp_path: Path, model: keras.Model) -> None:
    model.save(tmp_path / "model.keras")
    again = load(tmp_path / "model.keras")
    images = np.random.default_rng(0).random((5, 8, 8, 1), np.float32)
    assert np.array_equal(model.predict(images, verbose=0), again.predict(images, verbose=0))


def rewritten(file: Path, change) -> None:
    """The same archive with another config.json."""
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["config.json"] = change(json.loads(parts["config.json"]))
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def test_a_lambda_layer_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.keras"
    keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x + 1)]).save(file)
    with pytest.raises(UserError, match=r"has a Lambda of keras\.layers, which is not one of Keras's own layers"):
        load(file)


FOREIGN = [("os", "system"), ("builtins", "eval"), ("keras.src.utils.io", "x"), ("keras.layers", "Lambda"),
           (None, "Mine"), (None, "__lambda__"), (None, "__typespec__"), ("os", "__numpy__"),
           ("keras.layers", "TorchModuleWrapper"), ("keras.utils", "get_file")]  # fmt: skip


@pytest.mark.parametrize(("module", "name"), FOREIGN)
def test_foreign_code_is_refused_wherever_it_stands(tmp_path: Path, module: str | None, name: str) -> None:
    file = tmp_path / "model.keras"
    dnn((8, 8, 1), 3, **DNN).save(file)

    def change(config: dict) -> str:
        config["config"]["layers"][1]["config"]["evil"] = [{"module": module, "class_name": name, "config": "id"}]
        return json.dumps(config)

    rewritten(file, change)
    with pytest.raises(UserError, match="can't be loaded"):
        load(file)


@pytest.mark.parametrize("content", [b"", b"nothing", b"PK\x03\x04"])
def test_a_damaged_file_is_told_in_one_line(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "model.keras"
    file.write_bytes(content)
    with pytest.raises(UserError) as caught:
        load(file)
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match="can't be loaded"):
        load(tmp_path / "none.keras")


def test_a_huge_description_is_not_unpacked(tmp_path: Path) -> None:
    file = tmp_path / "model.keras"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b"[" * 20_000_000)
    with pytest.raises(UserError, match="more than 10,000,000 bytes"):
        load(file)
