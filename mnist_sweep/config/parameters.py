"""How many parameters the models of this package have, without building them; the tests ask Keras the same."""

import itertools
from collections.abc import Callable, Mapping
from typing import Any

from mnist_sweep.config.schema import Shape, per_block


def dense_parameters(arguments: Mapping[str, Any], image: Shape, classes: int) -> int:
    """Returns the number of parameters of `mnist_sweep.models.dnn`.

    Args:
        arguments: The model's arguments.
        image: Height, width and channels.
        classes: The number of classes.
    """
    widths = [image[0] * image[1] * image[2], *arguments["units"], classes]
    return sum((before + 1) * after for before, after in itertools.pairwise(widths))


def convolutional_parameters(arguments: Mapping[str, Any], image: Shape, classes: int) -> int:
    """Returns the number of parameters of `mnist_sweep.models.cnn`; see `dense_parameters`."""
    height, width, channels = image
    total: int = 0
    for layer in ("1", "2"):
        kernel, strides = arguments[f"kernel_size_{layer}"], arguments[f"strides_{layer}"]
        filters, pool = arguments[f"filters_{layer}"], arguments[f"pool_size_{layer}"]
        total += (kernel * kernel * channels + 1) * filters
        margin = kernel - 1 if arguments[f"padding_{layer}"] == "valid" else 0
        height, width = (((side - margin - 1) // strides + 1) // pool for side in (height, width))
        channels = filters
    units: int = arguments["dense_units"]
    return total + (height * width * channels + 1) * units + (units + 1) * classes


def block_parameters(arguments: Mapping[str, Any], image: Shape, classes: int) -> int:
    """Returns the number of parameters of `mnist_sweep.models.blocks`; see `dense_parameters`."""
    biases = 4 if arguments["normalization"] else 1  # of a channel: batch normalization has four numbers
    kernel, channels, total = arguments["kernel_size"] ** 2, image[2], 0
    depths = per_block(arguments["convolutions"], arguments["filters"])
    for number, (filters, depth) in enumerate(zip(arguments["filters"], depths, strict=True)):
        if arguments["residual"] and channels != filters:
            total += (channels + biases) * filters
        for layer in range(depth):
            is_separable = arguments["separable"] and (number, layer) != (0, 0)
            weights = kernel * channels + channels * filters if is_separable else kernel * channels * filters
            is_new = layer < 2 or not arguments.get("shared")
            total += weights if is_new else 0
            total += biases * filters if is_new or arguments["normalization"] else 0
            channels = filters
    if units := arguments["dense_units"]:
        total += (channels + 1) * units
        channels = units
    return total + (channels + 1) * classes


PARAMETERS: dict[str, Callable[[Mapping[str, Any], Shape, int], int]] = {
    "mnist_sweep.models.blocks": block_parameters,
    "mnist_sweep.models.cnn": convolutional_parameters,
    "mnist_sweep.models.dnn": dense_parameters,
}
