"""Optimizer, schedule and labels as a configuration has them."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from mnist_sweep.config import Component, UserError
from mnist_sweep.config.schema import TrainConfig
from mnist_sweep.tasks.image_classifier.compiling import build_optimizer, labels_for, schedule

TRAIN = TrainConfig(2, 32, "sparse_categorical_crossentropy", "float32", None)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("Adam", {"learning_rate": 0.25, "beta_1": 0.5, "beta_2": 0.75, "epsilon": 0.125}),
        ("AdamW", {"learning_rate": 0.25, "beta_1": 0.5, "beta_2": 0.75, "epsilon": 0.125, "weight_decay": 0.5}),
        ("SGD", {"learning_rate": 0.25, "momentum": 0.5, "nesterov": True}),
        ("RMSprop", {"learning_rate": 0.25, "rho": 0.5, "momentum": 0.75, "epsilon": 0.125}),
    ],
)
def test_every_argument_reaches_the_optimizer(name, arguments):
    optimizer = build_optimizer(Component(f"keras.optimizers.{name}", arguments))
    assert type(optimizer).__name__ == name
    found = optimizer.get_config()
    assert {key: found[key] for key in arguments} == arguments


def test_what_is_no_optimizer_is_one_line():
    with pytest.raises(UserError, match=r"^optimizer\._target_ must be a keras\.optimizers\.Optimizer, got "):
        build_optimizer(Component("keras.layers.Flatten", {}))
    with pytest.raises(UserError, match=r"keras\.optimizers has no Adma"):
        build_optimizer(Component("keras.optimizers.Adma", {}))


def test_labels_are_as_the_loss_wants_them():
    labels = np.array([2, 0, 1], np.int32)
    assert labels_for(TRAIN, labels, 3) is labels
    one_hot = labels_for(replace(TRAIN, loss="categorical_crossentropy"), labels, 4)
    np.testing.assert_array_equal(one_hot, [[0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0]])
    assert one_hot.dtype == np.float32
    np.testing.assert_array_equal(labels_for(replace(TRAIN, label_smoothing=0.1), labels, 4), one_hot)


def test_one_cycle_goes_up_to_the_rate_in_a_straight_line_and_down_to_0():
    rates = [float(schedule("one_cycle", 0.01, 100)(step)) for step in range(101)]
    np.testing.assert_allclose(rates[:31], np.linspace(0, 0.01, 31), atol=1e-8)
    half_a_cosine = 0.01 * 0.5 * (1 + np.cos(np.pi * np.arange(71) / 70))
    np.testing.assert_allclose(rates[30:], half_a_cosine, atol=1e-8)


def test_triangular_goes_up_to_the_rate_and_down_to_0_in_straight_lines():
    rates = [float(schedule("triangular", 0.01, 100)(step)) for step in range(102)]
    np.testing.assert_allclose(rates, [*np.linspace(0, 0.01, 31), *np.linspace(0.01, 0, 71)[1:], 0], atol=1e-8)


def test_a_triangular_schedule_is_stored_with_its_optimizer():
    optimizer = keras.optimizers.Adam(schedule("triangular", 0.01, 100))
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert again.get_config() == optimizer.get_config()
