"""The convolutional network."""

from typing import Any

import keras


def cnn(image: tuple[int, int, int], classes: int, *, dropout: float, dense_units: int, **layers: Any) -> keras.Model:
    """Returns two convolutions with max pooling and relu, dropout, a dense layer with relu, and softmax.

    The relu follows the pooling, which is the same to the bit, as the larger of two numbers stays the larger one, and
    takes a quarter of the work with a pool_size of 2.

    Args:
        image: Height, width and channels.
        classes: The number of classes.
        dropout: The rate before the dense layer, from 0 to below 1; 0 leaves the layer out.
        dense_units: The width of the dense layer.
        **layers: filters, kernel_size, strides, padding and pool_size, each with _1 and _2; a pool_size of 1 leaves the
            pooling out.
    """
    stack = [keras.Input(image)]
    for number in ("1", "2"):
        is_pooled = layers[f"pool_size_{number}"] > 1
        stack.append(
            keras.layers.Conv2D(
                layers[f"filters_{number}"],
                layers[f"kernel_size_{number}"],
                strides=layers[f"strides_{number}"],
                padding=layers[f"padding_{number}"],
                activation=None if is_pooled else "relu",
            )
        )
        if is_pooled:
            stack += [keras.layers.MaxPooling2D(layers[f"pool_size_{number}"]), keras.layers.ReLU()]
    if dropout:
        stack.append(keras.layers.Dropout(dropout))
    stack += [
        keras.layers.Flatten(),
        keras.layers.Dense(dense_units, activation="relu"),
        keras.layers.Dense(classes, activation="softmax", dtype="float32"),
    ]
    return keras.Sequential(stack, name="cnn")
