"""Blocks of convolutions: parameters counted by hand, layers against Keras, and what augmentation does and when."""

from typing import Any

import keras
import numpy as np
import pytest

from mnist_sweep.config import UserError
from mnist_sweep.config.schema import check_blocks_shape
from mnist_sweep.tasks.image_classifier.models import blocks

PLAIN: dict[str, Any] = {
    "filters": [3, 5], "convolutions": 1, "kernel_size": 3, "separable": False, "normalization": False,
    "residual": False, "pool_size": 2, "dense_units": 0, "dropout": 0.0, "rotation": 0.0, "translation": 0.0,
    "zoom": 0.0,
}  # fmt: skip
IMAGE = (8, 6, 1)
FIRST, SECOND, LAST = 9 * 1 * 3 + 3, 9 * 3 * 5 + 5, 5 * 4 + 4  # weights and biases


def made(image: tuple[int, int, int] = IMAGE, **changes: Any) -> keras.Model:
    return blocks(image, 4, **{**PLAIN, **changes})


@pytest.mark.parametrize(
    ("changes", "parameters"),
    [
        ({}, FIRST + SECOND + LAST),
        ({"convolutions": 2}, FIRST + (9 * 3 * 3 + 3) + SECOND + (9 * 5 * 5 + 5) + LAST),
        ({"convolutions": [1, 2]}, FIRST + SECOND + (9 * 5 * 5 + 5) + LAST),
        ({"convolutions": 4, "shared": True}, FIRST + (9 * 3 * 3 + 3) + SECOND + (9 * 5 * 5 + 5) + LAST),
        ({"normalization": True}, FIRST - 3 + 4 * 3 + SECOND - 5 + 4 * 5 + LAST),  # four numbers for a bias
        ({"separable": True}, FIRST + (9 * 3 + 3 * 5 + 5) + LAST),
        ({"residual": True}, FIRST + (1 * 3 + 3) + SECOND + (3 * 5 + 5) + LAST),
        ({"residual": True, "filters": [3, 3]}, FIRST + (1 * 3 + 3) + (9 * 3 * 3 + 3) + (3 * 4 + 4)),
        ({"dense_units": 7, "dropout": 0.5}, FIRST + SECOND + (5 * 7 + 7) + (7 * 4 + 4)),
        ({"rotation": 10.0, "translation": 0.1, "zoom": 0.1}, FIRST + SECOND + LAST),
        ({"kernel_size": 5, "pool_size": 1}, 25 * 3 + 3 + 25 * 3 * 5 + 5 + LAST),
    ],
)
def test_every_layer_counts_as_by_hand(changes: dict[str, Any], parameters: int) -> None:
    assert made(**changes).count_params() == parameters


def test_a_network_computes_convolutions_maxima_and_averages() -> None:
    model = made()
    images = np.random.default_rng(0).random((2, *IMAGE), np.float32)
    first, second, last = ([np.asarray(w) for w in layer.weights] for layer in model.layers if layer.weights)

    def convolved(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
        height, width = x.shape[1:3]
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        rows = [[np.tensordot(padded[:, r : r + 3, c : c + 3], kernel, 3) + bias for c in range(width)]
                for r in range(height)]  # fmt: skip
        return np.maximum(np.moveaxis(np.array(rows), 2, 0), 0)

    found = convolved(images, *first)
    found = found.reshape(2, 4, 2, 3, 2, 3).max(axis=(2, 4))
    logits = convolved(found, *second).mean(axis=(1, 2)) @ last[0] + last[1]
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict(images, verbose=0), expected, rtol=1e-4)


def test_a_residual_block_adds_its_input() -> None:
    model = made(residual=True, filters=[1], normalization=False)
    for layer in model.layers:
        if layer.weights:
            layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
    images = np.random.default_rng(0).random((1, *IMAGE), np.float32)
    inner = keras.Model(
        model.inputs, next(layer for layer in model.layers if isinstance(layer, keras.layers.ReLU)).output
    )
    np.testing.assert_array_equal(inner.predict(images, verbose=0), images)  # the convolution gives 0


def test_a_shared_convolution_is_one_that_is_used_several_times() -> None:
    images = np.random.default_rng(0).random((2, *IMAGE), np.float32)
    model, apart = (made(filters=[3], convolutions=3, shared=shared) for shared in (True, False))
    first, again, last = (layer.get_weights() for layer in model.layers if layer.weights)
    apart.set_weights([*first, *again, *again, *last])
    np.testing.assert_array_equal(model.predict(images, verbose=0), apart.predict(images, verbose=0))


def test_images_are_changed_in_training_only_and_by_the_seed() -> None:
    images = np.random.default_rng(0).random((4, *IMAGE), np.float32)

    def outputs(seed: int, training: bool) -> np.ndarray:
        keras.utils.set_random_seed(seed)
        model = made(rotation=20.0, translation=0.2, zoom=0.2)
        model.set_weights(weights)
        return np.asarray(model(images, training=training))

    weights = made().get_weights()
    plain = made()
    plain.set_weights(weights)
    np.testing.assert_array_equal(outputs(1, training=False), np.asarray(plain(images)))
    changed = outputs(1, training=True)
    assert not np.allclose(changed, np.asarray(plain(images)))
    np.testing.assert_array_equal(outputs(1, training=True), changed)
    assert not np.array_equal(outputs(2, training=True), changed)


def test_the_last_layer_is_float32_whatever_the_precision() -> None:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert made(normalization=True).output.dtype == "float32"
    finally:
        keras.config.set_dtype_policy(before)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"kernel_size": 17}, "model.kernel_size must be at most 16"),
        ({"filters": [1, 1, 1, 1]}, "model.pool_size must leave a pixel for each of the 4 blocks"),
        ({"convolutions": [1]}, "model.convolutions must be a number, or one for each of the 2 model.filters"),
        ({"pool_size": 7}, "model.pool_size must leave a pixel for each of the 2 blocks"),
    ],
)
def test_what_leaves_no_pixel_is_refused_and_keras_refuses_it_too(changes: dict[str, Any], key: str) -> None:
    with pytest.raises(UserError, match=key):
        check_blocks_shape({**PLAIN, **changes}, IMAGE)
    if "kernel_size" not in key:
        with pytest.raises(ValueError, match=r"(?s)."):
            made(**changes)


def test_what_fits_is_let_through() -> None:
    for changes in ({}, {"filters": [1, 1, 1]}, {"pool_size": 6}, {"pool_size": 1, "filters": [1] * 9}):
        check_blocks_shape({**PLAIN, **changes}, IMAGE)
        made(**changes)
