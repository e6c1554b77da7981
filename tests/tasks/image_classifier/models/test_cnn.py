import keras
import numpy as np
import pytest

from mnist_sweep.config import UserError
from mnist_sweep.config.schema import check_cnn_shape
from mnist_sweep.tasks.image_classifier.models import cnn

DEFAULT = {
    "filters_1": 32, "kernel_size_1": 5, "strides_1": 1, "padding_1": "same", "pool_size_1": 2,
    "filters_2": 64, "kernel_size_2": 2, "strides_2": 1, "padding_2": "same", "pool_size_2": 2,
    "dropout": 0.25, "dense_units": 1000,
}  # fmt: skip
SMALL = {**DEFAULT, "filters_1": 3, "filters_2": 4, "dense_units": 5}


def _counts(model):
    return [layer.count_params() for layer in model.layers if layer.weights]


def test_the_default_has_3156098_parameters():
    model = cnn((28, 28, 1), 10, **DEFAULT)
    by_hand = [
        (5 * 5 * 1 + 1) * 32,
        (2 * 2 * 32 + 1) * 64,
        (7 * 7 * 64 + 1) * 1000,
        (1000 + 1) * 10,
    ]
    assert _counts(model) == by_hand
    assert model.count_params() == 3_156_098


@pytest.mark.parametrize(
    ("image", "changes", "pixels"),
    [
        ((28, 28, 1), {}, 7 * 7),
        ((28, 28, 3), {"pool_size_1": 1, "pool_size_2": 1}, 28 * 28),
        ((9, 7, 1), {}, 2 * 1),
        ((28, 28, 1), {"padding_1": "valid", "padding_2": "valid"}, 5 * 5),  # 28 - 4 = 24, 12, - 1 = 11, 5
        ((28, 28, 1), {"strides_1": 3, "pool_size_2": 3}, 1 * 1),  # 10, 5, 5, 1
    ],
)
def test_every_layer_counts_as_by_hand(image, changes, pixels):
    by_hand = [(25 * image[2] + 1) * 3, (4 * 3 + 1) * 4, (pixels * 4 + 1) * 5, (5 + 1) * 6]
    assert _counts(cnn(image, 6, **{**SMALL, **changes})) == by_hand


def test_the_layers_are_those_of_the_textbook():
    kinds = ["Conv2D", "MaxPooling2D", "ReLU"] * 2 + ["Dropout", "Flatten", "Dense", "Dense"]
    assert [type(layer).__name__ for layer in cnn((28, 28, 1), 10, **SMALL).layers] == kinds
    bare = cnn((28, 28, 1), 10, **{**SMALL, "pool_size_1": 1, "pool_size_2": 1, "dropout": 0.0})
    assert [type(layer).__name__ for layer in bare.layers] == ["Conv2D", "Conv2D", "Flatten", "Dense", "Dense"]
    assert [layer.activation.__name__ for layer in bare.layers if layer.weights] == ["relu"] * 3 + ["softmax"]


def test_the_first_layers_compute_a_convolution_and_a_maximum():
    model = cnn((6, 6, 1), 3, **{**SMALL, "kernel_size_1": 3, "padding_1": "valid", "filters_1": 1})
    image = np.random.default_rng(0).random((6, 6), np.float32)
    kernel, bias = (weight.numpy() for weight in model.layers[0].weights)
    moved = np.array([[(image[r : r + 3, c : c + 3] * kernel[..., 0, 0]).sum() for c in range(4)] for r in range(4)])
    expected = np.maximum(moved + bias, 0).reshape(2, 2, 2, 2).max(axis=(1, 3))
    first = keras.Model(model.inputs[0], model.layers[2].output)
    np.testing.assert_allclose(first(image[None, ..., None]).numpy()[0, ..., 0], expected, atol=1e-6)


def test_the_relu_behind_the_pooling_changes_no_bit():
    """Against the textbook's order, over some steps of training."""
    images = np.random.default_rng(0).random((64, 12, 12, 1), np.float32)
    labels = np.arange(64) % 3
    weights = []
    for is_textbooks in (False, True):
        keras.utils.set_random_seed(1)
        model = cnn((12, 12, 1), 3, **{**SMALL, "dropout": 0.0})
        if is_textbooks:
            start = model.get_weights()
            layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.ReLU)]
            configs = [layer.get_config() for layer in layers]
            for config, layer in zip(configs, layers, strict=True):
                if isinstance(layer, keras.layers.Conv2D):
                    config["activation"] = "relu"
            same = [type(layer).from_config(config) for layer, config in zip(layers, configs, strict=True)]
            model = keras.Sequential([keras.Input((12, 12, 1)), *same])
            model.set_weights(start)
        model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy", jit_compile=False)
        model.fit(images, labels, batch_size=16, epochs=3, shuffle=False, verbose=0)
        weights.append(model.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)


def _fits(changes, image):
    try:
        check_cnn_shape({**SMALL, **changes}, image)
    except UserError:
        return False
    return True


@pytest.mark.parametrize("image", [(8, 8, 1), (5, 9, 1)])
def test_the_check_before_the_work_agrees_with_keras(image):
    """A shape that is let through can be built, one that is refused for a lack of pixels can not."""
    random = np.random.default_rng(0)
    seen = set()
    for _ in range(25):
        changes = {f"{name}_{n}": int(random.integers(1, top)) for n in "12" for name, top in
                   (("kernel_size", 6), ("strides", 4), ("pool_size", 4))}  # fmt: skip
        changes |= {f"padding_{n}": str(random.choice(["same", "valid"])) for n in "12"}
        try:
            built = cnn(image, 3, **{**SMALL, **changes}).count_params() > 0
        except ValueError:
            built = False
        seen.add(built)
        assert _fits(changes, image) == built, changes
    assert seen == {True, False}


def test_the_output_is_float32_in_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = cnn((8, 8, 1), 3, **SMALL)
    assert model.layers[0].compute_dtype == "bfloat16"
    assert model(np.zeros((2, 8, 8, 1), np.float32)).dtype == "float32"
