"""A network begins with the weights of a stored one."""

from pathlib import Path

import keras
import numpy as np
import pytest

from mnist_sweep.config import UserError
from mnist_sweep.config.initial_model import digest_of
from mnist_sweep.config.schema import TrainConfig
from mnist_sweep.tasks.image_classifier.models.initial import begin_with

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")


def network(units: int) -> keras.Model:
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(units), keras.layers.Dense(2)])


def training(file: Path | None) -> TrainConfig:
    digest = digest_of(file) if file else None
    return TrainConfig(1, 8, "sparse_categorical_crossentropy", "float32", None, initial_model=file and str(file),
                       initial_digest=digest)  # fmt: skip


def test_it_has_the_weights_of_the_stored_one(tmp_path: Path) -> None:
    stored, model = network(3), network(3)
    stored.save(tmp_path / "x.keras")
    before = [weight.copy() for weight in model.get_weights()]
    begin_with(model, training(None))
    assert all(np.array_equal(one, other) for one, other in zip(model.get_weights(), before, strict=True))
    begin_with(model, training(tmp_path / "x.keras"))
    assert all(np.array_equal(*pair) for pair in zip(model.get_weights(), stored.get_weights(), strict=True))
    with pytest.raises(UserError, match="must be the network of `model`, but has 23 parameters"):
        begin_with(network(5), training(tmp_path / "x.keras"))
