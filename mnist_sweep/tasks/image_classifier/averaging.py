"""The average of a training's weights, with statistics of batch normalization that belong to it."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from mnist_sweep.tasks.image_classifier.keras_private import all_layers

IMAGES, BATCH = 5_000, 500  # that measure the statistics, at most; and how many of them at once


def normalizations(model: keras.Model) -> list[keras.layers.BatchNormalization]:
    """Returns the layers of a network that normalize by each batch in training, else by what they have measured."""
    return [
        layer for layer in all_layers(model) if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
    ]


def statistics_of(model: keras.Model) -> list[keras.Variable]:
    """Returns the means and variances that a network has measured, in pairs."""
    return [one for layer in normalizations(model) for one in (layer.moving_mean, layer.moving_variance)]


def measured(model: keras.Model) -> list[NDArray[Any]]:
    """Returns the values of `statistics_of`."""
    return [variable.numpy() for variable in statistics_of(model)]


def _assign(model: keras.Model, values: Sequence[NDArray[Any]]) -> None:
    for variable, value in zip(statistics_of(model), values, strict=True):
        variable.assign(value)


def measure(model: keras.Model, images: NDArray[np.float32]) -> None:
    """Measures the statistics of batch normalization anew, as they are with the network's weights.

    Some thousand images are seen as in training, and each counts alike: "precise batch norm" of Wu and Johnson,
    "Rethinking 'Batch' in BatchNorm" (2021). Beside averaged weights the statistics of the raw ones would ruin a
    network; torch.optim.swa_utils.update_bn is for that too.

    Args:
        model: The network.
        images: (images, height, width, channels), float32 from 0 to 1, in any order.
    """
    layers = normalizations(model)
    images = images[:: math.ceil(len(images) / IMAGES)]
    count = math.ceil(len(images) / BATCH)
    momenta = [layer.momentum for layer in layers]
    batches: list[list[NDArray[Any]]] = []
    try:
        for layer in layers:
            layer.momentum = 0.0  # the last batch alone counts
        for number in range(count):
            model(images[number::count], training=True)
            batches.append(measured(model))
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
    for number, layer in enumerate(layers):
        means = np.stack([batch[2 * number] for batch in batches])
        variances = np.stack([batch[2 * number + 1] for batch in batches])
        layer.moving_mean.assign(means.mean(axis=0))
        layer.moving_variance.assign(variances.mean(axis=0) + means.var(axis=0))


class AverageWeights(keras.callbacks.SwapEMAWeights):  # type: ignore[misc]
    """Puts the average into the network after each epoch, and where it is validated.

    Keras averages what the optimizer trains; the statistics of batch normalization are measured of that average, once
    after each epoch.

    Attributes:
        aside: The statistics of the raw weights while the network has the average, in the order of `statistics_of`.
    """

    def __init__(self, images: NDArray[np.float32]) -> None:
        """Takes the images of the training."""
        super().__init__(swap_on_epoch=True)
        self.images = images
        self.aside: list[NDArray[Any]] = []
        self._of_average: list[NDArray[Any]] = []  # of this epoch's end; empty before it

    def _put_average(self) -> None:
        if self.aside:
            return
        self.aside = measured(self.model)
        if self._of_average:
            _assign(self.model, self._of_average)
        elif self.aside:
            measure(self.model, self.images)
            self._of_average = measured(self.model)

    def _put_raw(self) -> None:
        if self.aside:
            _assign(self.model, self.aside)
            self.aside = []

    def restore(self, aside: Sequence[NDArray[Any]]) -> None:
        """Goes on after an epoch, where the network has the average; its variables are restored by others."""
        super().on_test_begin()
        self.aside = list(aside)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Puts the raw weights into the network."""
        super().on_epoch_begin(epoch, logs)
        self._put_raw()
        self._of_average = []

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Puts the average into the network."""
        super().on_epoch_end(epoch, logs)
        self._put_average()

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        """Puts the average into the network."""
        super().on_test_begin(logs)
        self._put_average()

    def on_test_end(self, logs: dict[str, float] | None = None) -> None:
        """Puts the raw weights into the network."""
        super().on_test_end(logs)
        self._put_raw()
