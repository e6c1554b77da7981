"""Statistics of batch normalization beside averaged weights, against NumPy's and against what is validated."""

import os
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras

from mnist_sweep.config import parse_trial
from mnist_sweep.storage.folders import TrialFolder
from mnist_sweep.tasks.context import TrialContext
from mnist_sweep.tasks.image_classifier.averaging import AverageWeights, measure, measured
from mnist_sweep.tasks.image_classifier.data import Dataset
from mnist_sweep.tasks.image_classifier.models import blocks
from mnist_sweep.tasks.image_classifier.training import Recorder, train
from mnist_sweep.tasks.image_classifier.trial import use_one_thread
from mnist_sweep.tasks.trial_settings import TrialSettings

use_one_thread()

CLASSES = 3
IMAGES = np.random.default_rng(0).random((1203, 6, 5, 1), np.float32)


class Normalized(keras.layers.Layer):
    """A layer of somebody's own, with a normalization within."""

    def __init__(self, is_trainable: bool = True) -> None:
        super().__init__()
        self.within = keras.layers.BatchNormalization(trainable=is_trainable)

    def call(self, inputs, training=False):
        return self.within(inputs, training=training)


def test_each_image_counts_alike() -> None:
    model = keras.Sequential([keras.Input((6, 5, 1)), Normalized()])
    measure(model, IMAGES)
    mean, variance = measured(model)
    assert mean == pytest.approx(IMAGES.mean(), rel=1e-5)
    assert variance == pytest.approx(IMAGES.var(), rel=1e-3)  # batches of 401
    assert model.layers[0].within.momentum == 0.99


def test_what_is_frozen_stays() -> None:
    model = keras.Sequential([keras.Input((6, 5, 1)), Normalized(is_trainable=False)])
    measure(model, IMAGES)
    assert measured(model) == []
    assert [weight.numpy().tolist() for weight in model.layers[0].within.weights[2:]] == [[0.0], [1.0]]


def test_the_raw_statistics_come_back() -> None:
    model = keras.Sequential([keras.Input((6, 5, 1)), Normalized(), keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9), "mse")
    average, seen = AverageWeights(IMAGES), []

    class Looks(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(measured(model))

        def on_epoch_end(self, epoch, logs=None):
            seen.append(measured(model))

    targets = IMAGES.mean(axis=(1, 2))
    model.fit(IMAGES, targets, 601, epochs=2, verbose=0, shuffle=False, callbacks=[average, Looks()],
              validation_data=(IMAGES[:9], targets[:9]))  # fmt: skip
    raw = [0.0, 1.0]
    for batch, found in zip((IMAGES[:601], IMAGES[601:1202], IMAGES[1202:]) * 2, [*seen[:3], *seen[4:7]], strict=True):
        raw = [0.99 * raw[0] + 0.01 * batch.mean(), 0.99 * raw[1] + 0.01 * batch.var()]
        np.testing.assert_allclose(np.ravel(found), raw, rtol=1e-5)
    for found in (seen[3], seen[7]):
        np.testing.assert_allclose(np.ravel(found), [IMAGES.mean(), IMAGES.var()], rtol=1e-3)


@pytest.mark.parametrize("patience", [None, 3])
def test_what_is_validated_and_kept_has_the_statistics_of_its_weights(tmp_path: Path, patience: int | None) -> None:
    random = np.random.default_rng(1)
    labels = random.integers(0, CLASSES, len(IMAGES)).astype(np.int32)
    images = IMAGES.copy()
    images[np.arange(len(images)), labels] += np.float32(0.5)
    data = Dataset(images[:1000], labels[:1000], images[1000:], labels[1000:])
    config = parse_trial({
        "data": {"_target_": "mnist_sweep.data.digits", "name": "digits", "validation": "split",
                 "validation_size": 203, "split_seed": 0},
        "model": {"_target_": "mnist_sweep.models.blocks", "filters": [4, 4], "convolutions": 1, "kernel_size": 3,
                  "separable": False, "normalization": True, "residual": False, "pool_size": 1, "dense_units": 0,
                  "dropout": 0.0, "rotation": 0.0, "translation": 0.0, "zoom": 0.0},
        "optimizer": {"_target_": "keras.optimizers.Adam", "learning_rate": 0.02, "beta_1": 0.9, "beta_2": 0.99,
                      "epsilon": 1e-7},
        "train": {"epochs": 4, "batch_size": 50, "loss": "sparse_categorical_crossentropy", "precision": "float32",
                  "early_stopping_patience": patience, "weight_average": 0.95},
        "study": {"seed": 0},
    })  # fmt: skip
    keras.utils.set_random_seed(3)
    model = blocks((6, 5, 1), CLASSES, **config.model.arguments)
    trial = TrialContext(config, TrialFolder(tmp_path), TrialSettings([], {}, {}), lambda _: None, lambda: False,
                         lambda: None)  # fmt: skip
    train(model, config, data, CLASSES, Recorder(trial))
    best = min(trial.rows, key=lambda row: row["val_loss"]) if patience else trial.rows[-1]
    loss, accuracy = _evaluated(model, data)
    assert (loss, accuracy) == (pytest.approx(best["val_loss"], rel=1e-5), pytest.approx(best["val_accuracy"]))
    assert accuracy > 0.9
    before = measured(model)
    measure(model, data.train_images)
    for one, other in zip(measured(model), before, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def _evaluated(model: keras.Model, data: Dataset) -> tuple[float, float]:
    probabilities = model.predict(data.validation_images, verbose=0)
    chosen = probabilities[np.arange(len(probabilities)), data.validation_labels]
    return float(-np.log(chosen).mean()), float((probabilities.argmax(axis=1) == data.validation_labels).mean())
