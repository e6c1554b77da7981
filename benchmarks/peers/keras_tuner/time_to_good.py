"""KerasTuner's Hyperband, one trial after the other, TensorFlow on all cores.

After https://www.tensorflow.org/tutorials/keras/keras_tuner (Hyperband with factor 3, tuner.search) and
https://keras.io/guides/keras_tuner/getting_started/ (the batch size in HyperModel.fit). hyperband_iterations is "as
high as is within your resource budget", as https://keras.io/keras_tuner/api/tuners/hyperband/ advises: the search goes
on to the limit. The tuner writes a checkpoint at each better epoch, which can't be switched off. Nothing is tracked.
Hyperband can't be told a first configuration.
"""

import keras
import keras_tuner
from common import SPACE, given, labels, mnist, network, time_log

# The limit is not used: the tuner has none.
arguments = given()

keras.utils.set_random_seed(arguments.seed)
x_train, y_train, x_valid, y_valid = mnist()


def suggest(hyperparameters: keras_tuner.HyperParameters, name: str, kind: str, *bounds: float | list) -> int | float:
    """The value of a parameter."""
    if kind == "choice":
        return hyperparameters.Choice(name, bounds[0])
    if kind == "steps":
        return hyperparameters.Int(name, bounds[0], bounds[1], step=bounds[2])
    return hyperparameters.Float(name, *bounds, sampling="log" if kind == "log" else "linear")


class Network(keras_tuner.HyperModel):
    """The network, with the batch size among its parameters."""

    def build(self, hp):
        """The compiled network."""
        return network({name: suggest(hp, name, *bounds) for name, bounds in SPACE.items()}, arguments.recipe)

    def fit(self, hp, model, *args, **kwargs):
        """The history of the training."""
        return model.fit(*args, batch_size=hp.get("batch_size"), **kwargs)


tuner = keras_tuner.Hyperband(
    Network(),
    objective="val_accuracy",
    max_epochs=arguments.epochs,
    factor=3,
    hyperband_iterations=100,
    seed=arguments.seed + 1,  # 0 would be taken for no seed
    directory="keras_tuner",
    project_name="time_to_good",
)
tuner.search(
    x_train,
    labels(y_train, arguments.recipe),
    validation_data=(x_valid, labels(y_valid, arguments.recipe)),
    callbacks=[time_log(arguments.log)],
    verbose=0,
)
