"""Calls the function that a configuration names."""

from typing import Any

import keras

from mnist_sweep.config import Component, UserError
from mnist_sweep.config.targets import built, resolve


def build(config: Component, image: tuple[int, int, int], classes: int) -> keras.Model:
    """Returns the network of a configuration, not yet compiled.

    Args:
        config: The function and its arguments.
        image: Height, width and channels.
        classes: The number of classes.

    Raises:
        UserError: The function does not return a model with one output for each class.
    """
    model = resolve(config.target, "model._target_")(image, classes, **built(config.arguments, "model"))
    if not isinstance(model, keras.Model):
        raise UserError(
            f"model._target_ must return a keras.Model, but {config.target} returned {type(model).__name__}"
        )
    shape = _output_shape(model, image)
    if shape != (None, classes):
        raise UserError(
            f"model._target_ must return a model with one output for each of the {classes} classes, but "
            f"{config.target} returned the shape {shape}"
        )
    return model


def _output_shape(model: keras.Model, image: tuple[int, int, int]) -> Any:
    """Returns the shape of a model's output; one that is written as a class is built by calling it."""
    if model.built and hasattr(model, "output_shape"):
        return model.output_shape
    shape = getattr(model(keras.ops.zeros((1, *image))), "shape", None)
    return shape and (None, *shape[1:])
