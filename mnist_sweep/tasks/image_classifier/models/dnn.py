"""The dense network."""

import keras


def dnn(image: tuple[int, int, int], classes: int, *, units: list[int], dropout: float) -> keras.Model:
    """Dense layers with relu, each followed by dropout; softmax over the classes."""
    layers = [keras.Input(image), keras.layers.Flatten()]
    for width in units:
        layers.append(keras.layers.Dense(width, activation="relu"))
        if dropout:
            layers.append(keras.layers.Dropout(dropout))
    layers.append(keras.layers.Dense(classes, activation="softmax", dtype="float32"))
    return keras.Sequential(layers, name="dnn")
