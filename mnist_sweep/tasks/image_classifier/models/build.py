"""Calls the function that a configuration names."""

import keras

from mnist_sweep.config import Component, UserError
from mnist_sweep.config.targets import resolve


def build(config: Component, image: tuple[int, int, int], classes: int) -> keras.Model:
    """The network, not yet compiled; raises UserError for a user's own function that does not give a model."""
    model = resolve(config.target, "model")(image, classes, **config.arguments)
    if not isinstance(model, keras.Model):
        raise UserError(f"model._target_ must give a keras.Model, but {config.target} gave {type(model).__name__}")
    if model.output_shape != (None, classes):
        raise UserError(
            f"model._target_ must give a model with one output for each of the {classes} classes, but "
            f"{config.target} gave the shape {model.output_shape}"
        )
    return model
