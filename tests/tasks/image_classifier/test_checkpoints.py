"""A training that is left and resumed has the bits of one that was not: weights, history, and what comes after."""

import os
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras
import tensorflow as tf

from mnist_sweep.config import parse_trial
from mnist_sweep.config.image_classifier import CURVES
from mnist_sweep.storage.folders import TrialFolder
from mnist_sweep.tasks.context import TrialContext
from mnist_sweep.tasks.image_classifier import checkpoints, models
from mnist_sweep.tasks.image_classifier.checkpoints import checkpoint_bytes, is_of_keras, unsaved_state
from mnist_sweep.tasks.image_classifier.compiling import compile_model
from mnist_sweep.tasks.image_classifier.data import Dataset
from mnist_sweep.tasks.image_classifier.training import Recorder, train, weights_digest
from mnist_sweep.tasks.image_classifier.trial import use_one_thread
from mnist_sweep.tasks.trial_settings import TrialSettings

use_one_thread()

CLASSES, EPOCHS = 3, 4
ADAM = {"_target_": "keras.optimizers.Adam", "learning_rate": 0.01, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}
SGD = {"_target_": "keras.optimizers.SGD", "learning_rate": 0.1, "momentum": 0.9, "nesterov": True}
DNN = {"_target_": "mnist_sweep.models.dnn", "units": [8], "dropout": 0.25}
BLOCKS = {"_target_": "mnist_sweep.models.blocks", "filters": [4], "convolutions": 1, "kernel_size": 3,
          "separable": False, "normalization": True, "residual": True, "pool_size": 1, "dense_units": 8, "dropout": 0.3,
          "rotation": 10.0, "translation": 0.1, "zoom": 0.1}  # fmt: skip


class Lost(Exception):  # noqa: N818
    """As if the process had been killed: nothing is written or told any more."""


@pytest.fixture(autouse=True)
def the_precision_is_put_back():
    before = keras.config.dtype_policy()
    yield
    keras.config.set_dtype_policy(before)
    keras.backend.clear_session(free_memory=False)


@pytest.fixture(autouse=True)
def every_epoch_is_saved(monkeypatch):
    monkeypatch.setattr(checkpoints, "SHARE", 1e9)


def _images(number, seed):
    random = np.random.default_rng(seed)
    labels = random.integers(0, CLASSES, number).astype(np.int32)
    images = random.random((number, 6, 5, 1), np.float32) * np.float32(0.8)
    images[np.arange(number), labels] += np.float32(0.2)
    return images, labels


DATA = Dataset(*_images(120, 0), *_images(60, 1))


def config_of(model=DNN, optimizer=ADAM, **settings):
    plain = {
        "data": {"_target_": "mnist_sweep.data.digits", "name": "digits", "validation": "split",
                 "validation_size": 60, "split_seed": 0},
        "model": model,
        "optimizer": optimizer,
        "train": {"epochs": EPOCHS, "batch_size": 8, "loss": "sparse_categorical_crossentropy",
                  "precision": "float32", "early_stopping_patience": None, **settings},
        "study": {"seed": 0},
    }  # fmt: skip
    return parse_trial(plain)


def run(config, folder, lost_at=None, stop_at=None):
    """Trains; where `lost_at` is (epoch, batch), until it is lost there. Gives the weights' digest and the rows."""
    folder.mkdir(exist_ok=True)
    told = []
    stop = (lambda: len(told) >= stop_at) if stop_at else (lambda: False)
    trial = TrialContext(config, TrialFolder(folder), TrialSettings([], {}, {}), told.append, stop, lambda: None)
    keras.utils.set_random_seed(config.trial_seed())
    keras.config.set_dtype_policy(config.train.precision)
    arguments = config.model.arguments
    model = getattr(models, config.model.target.rpartition(".")[2])((6, 5, 1), CLASSES, **arguments)
    recorder = Recorder(trial)
    if lost_at:
        within = recorder.on_train_batch_end

        def lost(batch, logs=None):
            within(batch, logs)
            if len(told) + 1 == lost_at[0] and batch >= lost_at[1]:
                raise Lost

        recorder.on_train_batch_end = lost
    stopped = train(model, config, DATA, CLASSES, recorder)
    assert stopped == bool(stop_at)
    return weights_digest(model), told


def curves(rows):
    return [[row[name] for name in ("epoch", *CURVES)] for row in rows]


KINDS = {
    "adam, dropout": {},
    "triangular": {"learning_rate_schedule": "triangular"},
    "cosine, sgd": {"optimizer": SGD, "learning_rate_schedule": "cosine"},
    "average": {"weight_average": 0.9},
    "early stopping": {"early_stopping_patience": 1},
    "average, early stopping": {"weight_average": 0.9, "early_stopping_patience": 2},
    "bfloat16": {"precision": "mixed_bfloat16", "learning_rate_schedule": "one_cycle"},
    "blocks": {"model": BLOCKS},
    "blocks, average": {"model": BLOCKS, "weight_average": 0.9},
    "blocks, average, early stopping": {"model": BLOCKS, "weight_average": 0.9, "early_stopping_patience": 2},
}


@pytest.mark.parametrize("settings", KINDS.values(), ids=list(KINDS))
def test_a_training_that_was_lost_goes_on_to_the_same_bits(tmp_path: Path, settings, capsys) -> None:
    config = config_of(**settings)
    digest, rows = run(config, tmp_path / "undisturbed")
    folder = tmp_path / "lost"
    for epoch in range(1, len(rows) + 1):  # at its beginning, or within it
        with pytest.raises(Lost):
            run(config, folder, lost_at=(epoch, 0 if epoch % 2 else 8))
        assert len(TrialFolder(folder).rows()) == epoch - 1
    again, resumed = run(config, folder)
    said = capsys.readouterr().out.splitlines()
    assert [line[:19] for line in said] == ["goes on after epoch"] * len(said)
    assert [int(line.split()[4].strip(",")) for line in said] == [*range(1, len(rows))]
    assert curves(resumed) == curves(rows)
    assert again == digest
    assert curves(TrialFolder(folder).rows()) == curves(rows)


def test_one_that_is_stopped_as_it_goes_on_has_the_weights_of_its_last_epoch(tmp_path: Path) -> None:
    config = config_of(weight_average=0.9)
    digest, rows = run(config, tmp_path / "undisturbed", stop_at=2)
    with pytest.raises(Lost):
        run(config, tmp_path / "lost", lost_at=(3, 8))
    assert run(config, tmp_path / "lost", stop_at=2)[0] == digest
    assert len(rows) == 2


def test_what_is_not_worth_it_is_not_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "SHARE", 1e-9)
    run(config_of(), tmp_path / "one")
    assert not TrialFolder(tmp_path / "one").checkpoint.exists()


@pytest.mark.parametrize("patience", [None, 1])
def test_the_size_of_a_checkpoint_is_known(tmp_path: Path, patience: int | None) -> None:
    config = config_of(early_stopping_patience=patience)
    with pytest.raises(Lost):
        run(config, tmp_path / "one", lost_at=(3, 0))
    model = models.dnn((6, 5, 1), CLASSES, units=[8], dropout=0.25)
    compile_model(model, config, 10)
    written = TrialFolder(tmp_path / "one").checkpoint.stat().st_size
    assert 0 < written - checkpoint_bytes(model, config) < 25_000  # the states of random numbers as text


class Noisy(keras.layers.Layer):
    """A layer with random numbers of TensorFlow's own."""

    def call(self, inputs):
        return inputs + tf.random.normal(tf.shape(inputs))


class Counting(keras.layers.Layer):
    """A layer that counts in a variable that Keras does not know."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = [tf.Variable(0.0, trainable=False, name="steps")]

    def call(self, inputs):
        self.steps[0].assign_add(1.0)
        return inputs + self.steps[0]


@pytest.mark.parametrize(
    ("layer", "why"),
    [(Noisy, "RandomStandardNormal, whose state"), (Counting, "the variable steps"), (keras.layers.Flatten, "")],
)
def test_what_can_not_be_saved_is_found(layer, why) -> None:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((6, 5, 1)), layer(), keras.layers.Flatten(), keras.layers.Dense(CLASSES)])
    compile_model(model, config_of(), 10)
    batch = (tf.TensorSpec((None, 6, 5, 1), tf.float32), tf.TensorSpec((None,), tf.int32))
    assert why in unsaved_state(model, batch)
    assert bool(unsaved_state(model, batch)) == bool(why)


def test_a_step_that_can_not_be_traced_is_not_saved() -> None:
    class Own(keras.Sequential):
        def train_step(self, data):
            raise RuntimeError("not here")

    model = Own([keras.Input((6, 5, 1)), keras.layers.Flatten(), keras.layers.Dense(CLASSES)])
    compile_model(model, config_of(), 10)
    batch = (tf.TensorSpec((None, 6, 5, 1), tf.float32), tf.TensorSpec((None,), tf.int32))
    assert unsaved_state(model, batch) == "its training step can't be looked at (RuntimeError)"


def test_a_training_of_ones_own_is_looked_at() -> None:
    assert is_of_keras(config_of())
    config = config_of()
    plain = {**config.plain(), "task": {"_target_": "mnist_sweep.tasks.ImageClassifier"}}
    plain["model"] = {"_target_": "mine.model"}
    assert not is_of_keras(parse_trial(plain, ["mine"]))
