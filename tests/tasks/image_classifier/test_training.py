"""Small networks on 120 images of 6x5 pixels, against plain Keras and against each other."""

import csv
import hashlib
import itertools
import os
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras

from mnist_sweep.config import parse_trial
from mnist_sweep.config.image_classifier import CURVES
from mnist_sweep.storage.folders import TrialFolder
from mnist_sweep.storage.history import read_history
from mnist_sweep.tasks.context import TrialContext
from mnist_sweep.tasks.image_classifier import checkpoints
from mnist_sweep.tasks.image_classifier.compiling import build_optimizer
from mnist_sweep.tasks.image_classifier.data import Dataset
from mnist_sweep.tasks.image_classifier.evaluation import predict
from mnist_sweep.tasks.image_classifier.models import dnn
from mnist_sweep.tasks.image_classifier.training import Recorder, as_tensor, train, weights_digest
from mnist_sweep.tasks.image_classifier.trial import use_one_thread
from mnist_sweep.tasks.trial_settings import TrialSettings

use_one_thread()

CLASSES = 3
EXECUTIONS = 4  # of an epoch in batches of 4: 8, 8, 8 and 6 steps
HUGE = np.float32(3e38)  # a pixel that overflows what is computed from it; one that is NaN is lost in relu


@pytest.fixture(autouse=True)
def nothing_is_saved(monkeypatch):
    """What a trial saves to be resumed is tested in test_checkpoints.py."""
    monkeypatch.setattr(checkpoints, "SHARE", 0.0)


@pytest.fixture(autouse=True)
def the_precision_is_put_back():
    before = keras.config.dtype_policy()
    yield
    keras.config.set_dtype_policy(before)
    keras.backend.clear_session(free_memory=False)


def _images(number, seed):
    """Noise with a bright row that tells the class."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, CLASSES, number).astype(np.int32)
    images = random.random((number, 6, 5, 1), np.float32) * np.float32(0.8)
    images[np.arange(number), labels] += np.float32(0.2)
    return images, labels


@pytest.fixture
def dataset():
    return Dataset(*_images(120, 0), *_images(60, 1))


def _config(optimizer=None, units=(8,), dropout=0.25, **settings):
    plain = {
        "data": {"_target_": "mnist_sweep.data.digits", "name": "digits", "validation": "split",
                 "validation_size": 60, "split_seed": 0},
        "model": {"_target_": "mnist_sweep.models.dnn", "units": list(units), "dropout": dropout},
        "optimizer": optimizer or {"_target_": "keras.optimizers.Adam", "learning_rate": 0.01, "beta_1": 0.9,
                                   "beta_2": 0.999, "epsilon": 1e-7},
        "train": {"epochs": 2, "batch_size": 32, "loss": "sparse_categorical_crossentropy", "precision": "float32",
                  "early_stopping_patience": None, **settings},
        "study": {"seed": 0},
    }  # fmt: skip
    return parse_trial(plain)


SGD = {"_target_": "keras.optimizers.SGD", "learning_rate": 0.1, "momentum": 0.0, "nesterov": False}


HISTORY = ("epoch", *CURVES, "seconds", "timestamp")


def _trial(folder, config=None, on_epoch=lambda _: None, should_stop=lambda: False, stop_after=None):
    settings = TrialSettings([], {}, {}, False, stop_after)
    return TrialContext(config or _config(), TrialFolder(folder), settings, on_epoch, should_stop, lambda: None)


@pytest.fixture
def run(tmp_path, dataset):
    """Trains from seed 5; gives the model, the rows and whether it was stopped."""

    def run(config, data=None, should_stop=lambda: False, on_epoch=lambda _: None):
        keras.utils.set_random_seed(5)
        keras.config.set_dtype_policy(config.train.precision)
        model = dnn((6, 5, 1), CLASSES, **config.model.arguments)
        trial = _trial(tmp_path, config, on_epoch, should_stop)
        stopped = train(model, config, data or dataset, CLASSES, Recorder(trial))
        return model, trial.rows, stopped

    return run


def _curves(rows):
    return {name: [row[name] for row in rows] for name in CURVES}


@pytest.mark.parametrize("batch_size", [32, 7])  # less than one execution; 8, 8 and 2 steps, the last with one image
def test_training_is_plain_keras_bit_for_bit(run, dataset, batch_size):
    model, rows, stopped = run(_config(epochs=3, batch_size=batch_size))
    keras.utils.set_random_seed(5)
    plain = keras.Sequential(
        [
            keras.Input((6, 5, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.Dropout(0.25),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    plain.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = plain.fit(
        dataset.train_images,
        dataset.train_labels,
        batch_size=batch_size,
        epochs=3,
        validation_data=(dataset.validation_images, dataset.validation_labels),
        validation_batch_size=60,
        verbose=0,
    )
    assert not stopped
    assert weights_digest(model) == weights_digest(plain)
    assert _curves(rows) == history.history
    assert rows[-1]["loss"] < rows[0]["loss"]


def test_both_losses_give_the_same_curve(run):
    sparse, rows, _ = run(_config())
    one_hot, other, _ = run(_config(loss="categorical_crossentropy"))
    for name in CURVES:
        np.testing.assert_allclose(_curves(rows)[name], _curves(other)[name], rtol=1e-5)
    for first, second in zip(sparse.get_weights(), one_hot.get_weights(), strict=True):
        np.testing.assert_allclose(first, second, atol=1e-5)


@pytest.fixture
def misleading(dataset):
    """Validation labels that contradict the training images: val_loss gets worse as the training goes on."""
    return Dataset(
        dataset.train_images,
        dataset.train_labels,
        dataset.validation_images,
        ((dataset.validation_labels + 1) % CLASSES).astype(np.int32),
    )


@pytest.mark.parametrize(("patience", "epochs"), [(2, 30), (1, 30), (9, 4)])
def test_early_stopping_keeps_the_weights_of_the_best_epoch(run, misleading, patience, epochs):
    settings = {"optimizer": {**SGD, "learning_rate": 1.0}, "epochs": epochs}
    model, rows, stopped = run(_config(**settings, early_stopping_patience=patience), misleading)
    losses = [row["val_loss"] for row in rows]
    best = losses.index(min(losses)) + 1
    assert best < len(rows) == min(best + patience, epochs)
    assert not stopped
    assert weights_digest(model) == weights_digest(run(_config(**{**settings, "epochs": best}), misleading)[0])


@pytest.mark.parametrize(("units", "rate"), [([8], 1e38), ([32, 32], 1e20)])
def test_a_loss_that_explodes_ends_the_training_at_once(run, tmp_path, units, rate):
    asked = itertools.count()
    with pytest.raises(FloatingPointError, match=r"^loss became (nan|inf) in epoch 1 by batch 8$"):
        run(_config({**SGD, "learning_rate": rate}, units=units, batch_size=4), should_stop=lambda: next(asked) < 0)
    assert next(asked) == 0
    assert not (tmp_path / "history.csv").exists()


def test_weights_that_are_not_finite_end_the_training(run):
    with pytest.raises(FloatingPointError):
        run(_config({**SGD, "learning_rate": 1000.0}, units=[100] * 8, dropout=0.0))


def test_a_validation_that_is_not_finite_ends_the_training(run, dataset, tmp_path):
    dataset.validation_images[:] = HUGE
    told = []
    with pytest.raises(FloatingPointError, match=r"^val_loss became (nan|inf) in epoch 1$"):
        run(_config(), on_epoch=told.append)
    assert told == []
    assert read_history(tmp_path / "history.csv") == []


def test_the_epochs_before_an_explosion_stay_in_the_file(tmp_path):
    recorder = Recorder(_trial(tmp_path))
    recorder.set_model(dnn((6, 5, 1), CLASSES, units=[2], dropout=0.0))
    recorder.on_epoch_begin(0)
    recorder.on_train_batch_end(0, {"loss": 0.5})
    recorder.on_epoch_end(0, dict.fromkeys(CURVES, 0.5))
    with pytest.raises(FloatingPointError, match=r"^loss became nan in epoch 2 by batch 4$"):
        recorder.on_train_batch_end(3, {"loss": float("nan")})
    with pytest.raises(FloatingPointError, match=r"^val_loss became inf in epoch 2$"):
        recorder.on_epoch_end(1, {**dict.fromkeys(CURVES, 0.5), "val_loss": float("inf")})
    assert [row["epoch"] for row in read_history(tmp_path / "history.csv")] == [1]


@pytest.mark.parametrize("execution", [1, 2, EXECUTIONS])
def test_a_stop_within_an_epoch_leaves_the_last_whole_epoch(run, tmp_path, execution):
    asked = itertools.count(1)
    last = 2 * EXECUTIONS + execution
    model, rows, stopped = run(_config(epochs=9, batch_size=4), should_stop=lambda: next(asked) == last)
    assert stopped
    assert next(asked) == last + 1
    assert [row["epoch"] for row in read_history(tmp_path / "history.csv")] == [1, 2]
    whole, of_whole, _ = run(_config(epochs=2, batch_size=4))
    assert _curves(rows) == _curves(of_whole)
    assert weights_digest(model) == weights_digest(whole)


def test_a_stop_within_the_first_epoch_leaves_no_row(run, tmp_path):
    _, rows, stopped = run(_config(), should_stop=lambda: True)
    assert (rows, stopped) == ([], True)
    assert read_history(tmp_path / "history.csv") == []


def test_mixed_precision_trains_and_ends_in_float32(run, dataset):
    model, rows, _ = run(_config(precision="mixed_bfloat16", epochs=6))
    assert model.layers[1].compute_dtype == "bfloat16"
    assert rows[-1]["loss"] < rows[0]["loss"]
    assert {weight.dtype for weight in model.get_weights()} == {np.dtype(np.float32)}
    raw = model.predict(dataset.validation_images, verbose=0)
    assert raw.dtype == np.float32
    predictions = predict(model, dataset.validation_images, dataset.validation_labels, 500)
    np.testing.assert_allclose(predictions.probabilities.sum(axis=1), 1, atol=1e-6)


def test_the_history_is_written_as_it_goes(run, tmp_path):
    seen = []

    def look(row):
        with (tmp_path / "history.csv").open(newline="", encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
        assert [int(line["epoch"]) for line in lines] == list(range(1, len(seen) + 2))
        assert {name: float(value) for name, value in lines[-1].items()} == row
        seen.append(row)

    _, rows, _ = run(_config(epochs=3), on_epoch=look)
    assert seen == rows == read_history(tmp_path / "history.csv")
    assert tuple(rows[0]) == HISTORY
    assert rows[0]["timestamp"] <= rows[1]["timestamp"] <= rows[2]["timestamp"]
    assert all(row["seconds"] > 0 for row in rows)


def test_a_history_cut_anywhere_is_read_as_its_whole_rows(tmp_path):
    lines = [",".join(HISTORY), "1,0.5,0.8,0.4,0.9,1.25,1795372820.5", "2,0.4,0.9,0.3,0.9,1.25,1795372822.5"]
    content = "".join(f"{line}\r\n" for line in lines)
    file = tmp_path / "history.csv"
    for end in range(len(content) + 1):
        file.write_bytes(content[:end].encode())
        whole = content[:end].count("\n")
        rows = (
            []
            if whole < 1
            else [dict(zip(HISTORY, map(float, line.split(",")), strict=True)) for line in lines[1:whole]]
        )
        assert read_history(file) == rows, content[:end]


def test_a_history_of_an_earlier_try_is_replaced(run, tmp_path):
    (tmp_path / "history.csv").write_text("epoch\n1\n2\n", encoding="utf-8")
    _, rows, _ = run(_config(epochs=1))
    assert read_history(tmp_path / "history.csv") == rows


def test_the_digest_is_of_every_bit_of_every_weight():
    model = dnn((2, 1, 1), 2, units=[2], dropout=0.0)
    weights = [np.arange(weight.size, dtype=np.float32).reshape(weight.shape) for weight in model.get_weights()]
    model.set_weights(weights)
    by_hand = hashlib.sha256()
    for shape, array in zip(["(2, 2)", "(2,)", "(2, 2)", "(2,)"], weights, strict=True):
        by_hand.update(f"{shape}float32".encode() + array.tobytes())
    assert weights_digest(model) == by_hand.hexdigest()
    for index in range(4):
        changed = [weight.copy() for weight in weights]
        changed[index].flat[0] = np.nextafter(changed[index].flat[0], np.float32(9))
        model.set_weights(changed)
        assert weights_digest(model) != by_hand.hexdigest()
    model.set_weights([-weights[0] * 0, *weights[1:]])
    minus_zero = weights_digest(model)
    model.set_weights([weights[0] * 0, *weights[1:]])
    assert weights_digest(model) != minus_zero


def test_the_file_of_the_history_must_have_a_folder(run):
    """A wrong path is an error, not a history that is lost."""
    keras.utils.set_random_seed(5)
    model = dnn((6, 5, 1), CLASSES, units=[2], dropout=0.0)
    data = Dataset(*_images(4, 0), *_images(4, 1))
    with pytest.raises(FileNotFoundError):
        train(model, _config(), data, CLASSES, Recorder(_trial(Path("/nowhere"))))


def test_each_step_is_traced_once_with_a_rest_of_a_batch_too(tmp_path, dataset):
    config = _config(batch_size=32)  # 120 images: the last batch has 24
    keras.utils.set_random_seed(5)
    model = dnn((6, 5, 1), CLASSES, **config.model.arguments)
    traced = []
    for name in ("train_step", "test_step"):
        step = getattr(model, name)
        setattr(model, name, lambda data, step=step, name=name: traced.append(name) or step(data))
    train(model, config, dataset, CLASSES, Recorder(_trial(tmp_path)))
    assert traced == ["train_step", "test_step"]


def test_a_cosine_schedule_is_keras_own_and_ends_at_0(run, dataset):
    model, rows, _ = run(_config(learning_rate_schedule="cosine"))
    steps = 2 * 4  # 120 images in batches of 32, twice
    keras.utils.set_random_seed(5)
    plain = dnn((6, 5, 1), CLASSES, units=[8], dropout=0.25)
    decay = keras.optimizers.schedules.CosineDecay(0.01, steps)
    plain.compile(keras.optimizers.Adam(decay), loss="sparse_categorical_crossentropy", metrics=["accuracy"],
                  jit_compile=False)  # fmt: skip
    plain.fit(dataset.train_images, dataset.train_labels, batch_size=32, epochs=2, verbose=0)
    assert weights_digest(model) == weights_digest(plain)
    assert float(decay(steps)) == pytest.approx(0)
    assert rows[-1]["epoch"] == 2


@pytest.mark.parametrize("name", ["one_cycle", "triangular"])
def test_a_network_is_trained_along_a_schedule(run, name):
    digests = {kind: weights_digest(run(_config(learning_rate_schedule=kind))[0]) for kind in (name, "cosine")}
    assert digests[name] == weights_digest(run(_config(learning_rate_schedule=name))[0])
    assert digests[name] != digests["cosine"]


@pytest.mark.parametrize("loss", ["categorical_crossentropy", "sparse_categorical_crossentropy"])
def test_smoothed_labels_are_those_of_keras(run, dataset, loss):
    model, _, _ = run(_config(loss=loss, label_smoothing=0.1))
    keras.utils.set_random_seed(5)
    plain = dnn((6, 5, 1), CLASSES, units=[8], dropout=0.25)
    plain.compile(keras.optimizers.Adam(0.01), loss="categorical_crossentropy", jit_compile=False)
    smoothed = keras.utils.to_categorical(dataset.train_labels, CLASSES) * 0.9 + 0.1 / CLASSES
    plain.fit(dataset.train_images, smoothed, batch_size=32, epochs=2, verbose=0)
    for weight, expected in zip(model.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(weight, expected, atol=1e-5)


@pytest.mark.parametrize("offset", [0, 1])
def test_a_tensor_has_the_numbers_of_its_array_wherever_they_lie(offset):
    raw = np.zeros(64 * 64 + 64, np.uint8)
    start = -raw.ctypes.data % 64 + 4 * offset
    array = raw[start : start + 64 * 64].view(np.float32).reshape(32, 32)
    array[:] = np.arange(1024).reshape(32, 32)
    tensor = as_tensor(array)
    np.testing.assert_array_equal(tensor.numpy(), array)
    array[0, 0] = 7
    assert (float(tensor[0, 0]) == 7) == (offset == 0)  # aligned: the same memory


@pytest.mark.parametrize("kind", [keras.metrics.SparseTopKCategoricalAccuracy, keras.metrics.TopKCategoricalAccuracy])
@pytest.mark.parametrize("smoothing", [0.0, 0.05])
def test_metrics_that_a_model_is_compiled_with_are_kept(tmp_path, dataset, smoothing, kind):
    config = _config(epochs=2, label_smoothing=smoothing)
    keras.utils.set_random_seed(5)
    model = dnn((6, 5, 1), CLASSES, **config.model.arguments)
    model.compile(metrics=["accuracy", kind(2, name="top_2")])
    trial = _trial(tmp_path, config)
    train(model, config, dataset, CLASSES, Recorder(trial))
    names = [*CURVES, "top_2", "val_top_2"]
    assert list(trial.rows[0]) == ["epoch", *names, "seconds", "timestamp"]
    assert trial.rows == read_history(tmp_path / "history.csv")
    probabilities = model.predict(dataset.validation_images, verbose=0)
    best = np.argsort(probabilities, axis=1)[:, -2:]
    assert trial.rows[-1]["val_top_2"] == pytest.approx((best == dataset.validation_labels[:, None]).any(axis=1).mean())


def test_a_compiled_model_trains_to_the_same_bits(tmp_path, dataset, run):
    config = _config()
    plain, rows, _ = run(config)
    keras.utils.set_random_seed(5)
    model = dnn((6, 5, 1), CLASSES, **config.model.arguments)
    model.compile(metrics=[keras.metrics.SparseTopKCategoricalAccuracy(2, name="top_2")])
    trial = _trial(tmp_path, config)
    train(model, config, dataset, CLASSES, Recorder(trial))
    assert weights_digest(model) == weights_digest(plain)
    assert _curves(trial.rows) == _curves(rows)


def test_a_loss_by_name_is_keras_own(run, dataset):
    loss = {"_target_": "keras.losses.CategoricalFocalCrossentropy", "gamma": 1.5}
    model, rows, _ = run(_config(loss=loss, epochs=1))
    keras.utils.set_random_seed(5)
    plain = dnn((6, 5, 1), CLASSES, units=[8], dropout=0.25)
    plain.compile(keras.optimizers.Adam(0.01), keras.losses.CategoricalFocalCrossentropy(gamma=1.5))
    labels = keras.utils.to_categorical(dataset.train_labels, CLASSES)
    history = plain.fit(dataset.train_images, labels, batch_size=32, verbose=0)
    assert weights_digest(model) == weights_digest(plain)
    assert rows[0]["loss"] == history.history["loss"][0]


def test_a_loss_on_numbers_by_name_gets_numbers(run):
    loss = {"_target_": "keras.losses.SparseCategoricalCrossentropy"}
    assert weights_digest(run(_config(loss=loss))[0]) == weights_digest(run(_config())[0])


def test_a_schedule_of_keras_is_an_argument_of_the_optimizer(run):
    decay = {"_target_": "keras.optimizers.schedules.CosineDecay", "initial_learning_rate": 0.01, "decay_steps": 8}
    adam = {"_target_": "keras.optimizers.Adam", "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}
    nested = run(_config({**adam, "learning_rate": decay}))[0]
    ours = run(_config({**adam, "learning_rate": 0.01}, learning_rate_schedule="cosine"))[0]
    assert weights_digest(nested) == weights_digest(ours)


def test_an_average_of_the_weights_is_validated_and_kept(run, dataset):
    config = _config(epochs=2, weight_average=0.9, optimizer=SGD, dropout=0.0)
    model, rows, _ = run(config)
    raw, _, _ = run(_config(epochs=2, optimizer=SGD, dropout=0.0))
    assert weights_digest(model) != weights_digest(raw)
    probabilities = model.predict(dataset.validation_images, verbose=0)
    right = probabilities.argmax(axis=1) == dataset.validation_labels
    assert rows[-1]["val_accuracy"] == pytest.approx(right.mean())
    loss = -np.log(probabilities[np.arange(60), dataset.validation_labels]).mean()
    assert rows[-1]["val_loss"] == pytest.approx(loss, rel=1e-5)


def test_the_average_is_that_of_the_steps_by_hand(dataset):
    config = _config(epochs=1, weight_average=0.9, optimizer=SGD, dropout=0.0, batch_size=120)
    keras.utils.set_random_seed(5)
    model = dnn((6, 5, 1), CLASSES, **config.model.arguments)
    optimizer = build_optimizer(config.optimizer, 0.9)
    model.compile(optimizer, loss="sparse_categorical_crossentropy")
    average = None
    for _ in range(5):
        model.train_on_batch(dataset.train_images, dataset.train_labels)
        now = model.get_weights()
        average = now if average is None else [0.9 * a + 0.1 * b for a, b in zip(average, now, strict=True)]
    optimizer.finalize_variable_values(model.trainable_variables)
    for one, other in zip(model.get_weights(), average, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_a_trial_that_is_stopped_keeps_the_average_of_its_last_epoch(run):
    whole, rows, _ = run(_config(epochs=1, weight_average=0.9))
    asked = itertools.count(1)  # in an epoch of 4 batches of 32 once: then within the second epoch
    stopped, some, is_stopped = run(_config(epochs=3, weight_average=0.9), should_stop=lambda: next(asked) == 2)
    assert is_stopped
    assert _curves(some) == _curves(rows)
    assert weights_digest(stopped) == weights_digest(whole)
