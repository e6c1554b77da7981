"""Gives a network the weights of a stored one, from which its training goes on."""

from pathlib import Path

import keras

from mnist_sweep.config import UserError
from mnist_sweep.config.initial_model import MODEL, check_initial
from mnist_sweep.config.schema import TrainConfig
from mnist_sweep.tasks.image_classifier.models.load import load


def begin_with(model: keras.Model, train: TrainConfig) -> None:
    """Gives a network the weights of `train.initial_model`, if there is one.

    Raises:
        UserError: The stored model is gone, another one than it was, or another network.
    """
    if train.initial_model is None:
        return
    check_initial(train.initial_model, train.initial_digest)
    stored = load(Path(train.initial_model))
    mine, theirs = ([tuple(weight.shape) for weight in one.weights] for one in (model, stored))
    if mine != theirs:
        raise UserError(
            f"{MODEL} must be the network of `model`, but has {stored.count_params():,} parameters in {len(theirs)} "
            f"weights of other shapes than the {model.count_params():,} in {len(mine)}: {train.initial_model}"
        )
    model.set_weights(stored.get_weights())
