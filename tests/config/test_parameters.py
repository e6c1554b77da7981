"""What Keras counts of a network, without Keras."""

from typing import Any

import pytest

from mnist_sweep.config.parameters import block_parameters, convolutional_parameters, dense_parameters
from mnist_sweep.tasks.image_classifier.models import blocks, cnn, dnn

CNN = {"filters_1": 5, "kernel_size_1": 3, "strides_1": 1, "padding_1": "same", "pool_size_1": 2, "filters_2": 7,
       "kernel_size_2": 4, "strides_2": 1, "padding_2": "valid", "pool_size_2": 2, "dropout": 0.2,
       "dense_units": 11}  # fmt: skip
BLOCKS = {"filters": [3, 5], "convolutions": 1, "kernel_size": 3, "separable": False, "residual": False, "pool_size": 2,
          "dense_units": 0, "dropout": 0.0, "rotation": 0.0, "translation": 0.0, "zoom": 0.0}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {}, {"strides_1": 2}, {"strides_1": 3, "padding_1": "valid"}, {"pool_size_1": 3, "padding_2": "same"},
        {"pool_size_1": 1, "pool_size_2": 1, "kernel_size_1": 5}, {"dropout": 0.0, "strides_2": 2},
    ],
)  # fmt: skip
@pytest.mark.parametrize("image", [(48, 48, 1), (57, 41, 3)])
def test_a_convolutional_network(change: dict[str, Any], image: tuple[int, int, int]) -> None:
    arguments: dict[str, Any] = {**CNN, **change}
    assert convolutional_parameters(arguments, image, 4) == cnn(image, 4, **arguments).count_params()


@pytest.mark.parametrize("units", [[1], [16], [8, 9, 10]])
def test_a_dense_network(units: list[int]) -> None:
    image = (28, 14, 3)
    assert (
        dense_parameters({"units": units, "dropout": 0.5}, image, 10)
        == dnn(image, 10, units=units, dropout=0.5).count_params()
    )


@pytest.mark.parametrize("image", [(8, 9, 1), (16, 8, 3)])
@pytest.mark.parametrize("is_normalized", [False, True])
@pytest.mark.parametrize(
    "change",
    [
        {}, {"convolutions": 2, "separable": True}, {"residual": True}, {"residual": True, "filters": [4, 4, 6]},
        {"convolutions": 4, "separable": True, "shared": True}, {"convolutions": 3, "shared": True, "residual": True},
        {"convolutions": [1, 3]}, {"dense_units": 9, "dropout": 0.3, "kernel_size": 5},
        {"rotation": 9.0, "zoom": 0.1, "pool_size": 1},
    ],
)  # fmt: skip
def test_blocks(change: dict[str, Any], is_normalized: bool, image: tuple[int, int, int]) -> None:
    arguments: dict[str, Any] = {**BLOCKS, "normalization": is_normalized, **change}
    assert block_parameters(arguments, image, 4) == blocks(image, 4, **arguments).count_params()
