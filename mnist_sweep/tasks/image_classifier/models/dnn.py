"""The dense network."""

import keras


def dnn(image: tuple[int, int, int], classes: int, *, units: list[int], dropout: float) -> keras.Model:
    """Returns dense layers with relu, each followed by dropout, and softmax.

    Args:
        image: Height, width and channels.
        classes: The number of classes.
        units: The widths of the dense layers.
        dropout: The rate after each of them, from 0 to below 1; 0 leaves the layers out.
    """
    layers = [keras.Input(image), keras.layers.Flatten()]
    for width in units:
        layers.append(keras.layers.Dense(width, activation="relu"))
        if dropout:
            layers.append(keras.layers.Dropout(dropout))
    layers.append(keras.layers.Dense(classes, activation="softmax", dtype="float32"))
    return keras.Sequential(layers, name="dnn")
