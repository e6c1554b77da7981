"""A Keras network of your own within the image classifier: its data, training, figures and reproduction stay.

python keras_model.py
"""

import mnist_sweep as ms


def residual(image: tuple[int, int, int], classes: int, *, filters: int, blocks: int):  # type: ignore[no-untyped-def]
    """Returns a small residual network, given the image's shape, the number of classes, and its own arguments."""
    import keras
    from keras import layers

    inputs = keras.Input(image)
    hidden = layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(inputs)
    for _ in range(blocks):
        more = layers.Conv2D(filters, 3, padding="same", activation="relu")(hidden)
        hidden = layers.add([hidden, more])
    hidden = layers.GlobalAveragePooling2D()(hidden)
    return keras.Model(inputs, layers.Dense(classes, activation="softmax", dtype="float32")(hidden))


if __name__ == "__main__":
    study = ms.sweep(
        "data=digits",
        "model=residual",
        "search=default",
        "runtime.allowed_targets=[keras_model]",
        config_dir="own",  # own/model/residual.yaml names the function and its arguments
        space={"model.filters": "choice(8,16)", "model.blocks": "choice(1,2)"},
        n_trials=4,
        verbose=True,
    )
    print(study.best and study.best.overrides)
