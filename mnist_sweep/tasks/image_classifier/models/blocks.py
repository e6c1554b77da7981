"""A network of blocks of convolutions that ends in the average of each channel: few parameters for its accuracy."""

from typing import Any

import keras

from mnist_sweep.config.schema import per_block

MOMENTUM = 0.9  # of batch normalization's averages: Keras's 0.99 lags behind in trainings of a few hundred steps
DEGREES = 360


def _augmented(inputs: Any, rotation: float, translation: float, zoom: float) -> Any:
    """Returns images that are turned, moved and scaled at random while the network is trained, and only then."""
    outside = {"fill_mode": "constant", "fill_value": 0.0}
    if rotation:
        inputs = keras.layers.RandomRotation(rotation / DEGREES, **outside)(inputs)
    if translation:
        inputs = keras.layers.RandomTranslation(translation, translation, **outside)(inputs)
    if zoom:
        inputs = keras.layers.RandomZoom(zoom, zoom, **outside)(inputs)
    return inputs


def _convolution(filters: int, size: int, is_separable: bool, is_normalized: bool) -> Any:
    """Returns a layer without activation; where it is normalized a bias would have no effect."""
    kind = keras.layers.SeparableConv2D if is_separable else keras.layers.Conv2D
    return kind(filters, size, padding="same", use_bias=not is_normalized)


def _normalization(inputs: Any, is_normalized: bool) -> Any:
    return keras.layers.BatchNormalization(momentum=MOMENTUM)(inputs) if is_normalized else inputs


def blocks(
    image: tuple[int, int, int],
    classes: int,
    *,
    filters: list[int],
    convolutions: int | list[int],
    kernel_size: int,
    separable: bool,
    normalization: bool,
    residual: bool,
    pool_size: int,
    dense_units: int,
    dropout: float,
    rotation: float,
    translation: float,
    zoom: float,
    shared: bool = False,
) -> keras.Model:
    """Returns blocks of convolutions with relu and max pooling between them, the average of each channel, and softmax.

    The average in place of a dense layer over all pixels is Lin, Chen and Yan's (2014), batch normalization Ioffe and
    Szegedy's (2015), the residual connection He et al.'s (2016), separable convolutions Chollet's (2017), one kernel
    for several convolutions Liao and Poggio's (2016).

    Args:
        image: Height, width and channels.
        classes: The number of classes.
        filters: The number of channels of each block.
        convolutions: How many each block has, one number for all or one for each.
        kernel_size: Their side in pixels.
        separable: Whether they are depthwise and then pointwise; never the first one of all, of an image's few
            channels.
        normalization: Whether each is followed by batch normalization.
        residual: Whether a block's input, through a convolution of one pixel where it has other channels, is added to
            its output.
        pool_size: The side of the pooling between blocks, in pixels; 1 for none.
        dense_units: The width of a dense layer before the last one, 0 for none.
        dropout: The rate before the last layer, from 0 to below 1.
        rotation: The most that an image is turned in training, in degrees.
        translation: The most that it is moved, as a share of its side.
        zoom: The most that it is scaled, as a share of its size.
        shared: Whether the convolutions of a block after its first one are the same one, each with a normalization of
            its own.
    """
    inputs = keras.Input(image)
    found = _augmented(inputs, rotation, translation, zoom)
    depths = per_block(convolutions, filters)
    for number, (channels, depth) in enumerate(zip(filters, depths, strict=True)):
        if number and pool_size > 1:
            found = keras.layers.MaxPooling2D(pool_size)(found)
        before = found
        convolution: Any = None
        for layer in range(depth):
            is_first, is_last = number == layer == 0, layer == depth - 1
            if layer < 2 or not shared:
                convolution = _convolution(channels, kernel_size, separable and not is_first, normalization)
            found = _normalization(convolution(found), normalization)
            if is_last and residual:
                if before.shape[-1] != channels:
                    projection = _convolution(channels, 1, is_separable=False, is_normalized=normalization)
                    before = _normalization(projection(before), normalization)
                found = keras.layers.Add()([found, before])
            found = keras.layers.ReLU()(found)
    found = keras.layers.GlobalAveragePooling2D()(found)
    if dense_units:
        found = keras.layers.Dense(dense_units, activation="relu")(found)
    if dropout:
        found = keras.layers.Dropout(dropout)(found)
    outputs = keras.layers.Dense(classes, activation="softmax", dtype="float32")(found)
    return keras.Model(inputs, outputs, name="blocks")
