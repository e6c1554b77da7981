from itertools import pairwise

import keras
import numpy as np
import pytest

from mnist_sweep.tasks.image_classifier.models import dnn


def _counts(model):
    return [layer.count_params() for layer in model.layers if layer.weights]


def test_the_default_has_795010_parameters():
    model = dnn((28, 28, 1), 10, units=[1000], dropout=0.0)
    assert _counts(model) == [(28 * 28 + 1) * 1000, (1000 + 1) * 10]
    assert model.count_params() == 795_010


@pytest.mark.parametrize(
    ("image", "classes", "units"), [((6, 5, 1), 3, [7]), ((6, 5, 3), 2, [7, 4]), ((1, 1, 1), 12, [1, 1, 1])]
)
def test_every_layer_counts_as_by_hand(image, classes, units):
    widths = [int(np.prod(image)), *units, classes]
    by_hand = [(before + 1) * after for before, after in pairwise(widths)]
    assert _counts(dnn(image, classes, units=units, dropout=0.0)) == by_hand


def test_the_output_is_the_softmax_of_the_layers_by_hand():
    keras.utils.set_random_seed(0)
    model = dnn((4, 3, 1), 3, units=[5, 4], dropout=0.5)
    images = np.random.default_rng(0).random((6, 4, 3, 1), np.float32)
    weights = [weight.astype(np.float64) for weight in model.get_weights()]
    x = images.reshape(6, 12).astype(np.float64)
    for kernel, bias in ((weights[0], weights[1]), (weights[2], weights[3])):
        x = np.maximum(x @ kernel + bias, 0)
    x = x @ weights[4] + weights[5]
    expected = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model(images, training=False).numpy(), expected, atol=1e-6)


@pytest.mark.parametrize("dropout", [0.0, 0.25])
def test_dropout_follows_every_hidden_layer_and_only_if_there_is_some(dropout):
    kinds = [type(layer).__name__ for layer in dnn((6, 5, 1), 3, units=[7, 4], dropout=dropout).layers]
    hidden = ["Dense", "Dropout"] if dropout else ["Dense"]
    assert kinds == ["Flatten", *hidden, *hidden, "Dense"]


def test_the_output_is_float32_in_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = dnn((6, 5, 1), 3, units=[7], dropout=0.1)
    assert model.layers[1].compute_dtype == "bfloat16"
    assert model.layers[-1].compute_dtype == "float32"
    assert {weight.dtype for weight in model.weights} == {"float32"}
    assert model(np.zeros((2, 6, 5, 1), np.float32)).dtype == "float32"
