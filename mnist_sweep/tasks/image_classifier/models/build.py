"""Calls the function that a configuration names."""

import keras

from mnist_sweep.config import Component, UserError
from mnist_sweep.config.targets import resolve


def build(config: Component, image: tuple[int, int, int], classes: int) -> keras.Model:
    """Returns the network of a configuration, not yet compiled.

    Args:
        config: The function and its arguments.
        image: Height, width and channels.
        classes: The number of classes.

    Raises:
        UserError: The function does not return a model with one output for each class.
    """
    model = resolve(config.target, "model._target_")(image, classes, **config.arguments)
    if not isinstance(model, keras.Model):
        raise UserError(
            f"model._target_ must return a keras.Model, but {config.target} returned {type(model).__name__}"
        )
    if model.output_shape != (None, classes):
        raise UserError(
            f"model._target_ must return a model with one output for each of the {classes} classes, but "
            f"{config.target} returned the shape {model.output_shape}"
        )
    return model
