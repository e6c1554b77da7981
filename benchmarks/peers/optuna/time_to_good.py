"""Plain Optuna with pruning, one trial after the other, TensorFlow on all cores.

After https://github.com/optuna/optuna-examples/blob/main/keras/keras_integration.py (KerasPruningCallback, MedianPruner
as it comes, clear_session) with the sampler's seed set. The example evaluates once more after the last epoch and
loads the data in each trial: neither is done here, which saves time and changes no number. Nothing is tracked.
"""

import keras
import optuna
from common import FIRST, SPACE, given, labels, mnist, network, time_log
from optuna_integration import KerasPruningCallback

arguments = given()

keras.utils.set_random_seed(arguments.seed)
x_train, y_train, x_valid, y_valid = mnist()


def suggest(trial: optuna.Trial, name: str, kind: str, *bounds: float | list) -> int | float:
    """The value of a parameter."""
    if kind == "choice":
        return trial.suggest_categorical(name, bounds[0])
    if kind == "steps":
        return trial.suggest_int(name, bounds[0], bounds[1], step=bounds[2])
    return trial.suggest_float(name, *bounds, log=kind == "log")


def objective(trial: optuna.Trial) -> float:
    """The validation accuracy after the last epoch."""
    keras.backend.clear_session()
    parameters = {name: suggest(trial, name, *bounds) for name, bounds in SPACE.items()}
    history = network(parameters, arguments.recipe).fit(
        x_train,
        labels(y_train, arguments.recipe),
        batch_size=parameters["batch_size"],
        epochs=arguments.epochs,
        validation_data=(x_valid, labels(y_valid, arguments.recipe)),
        callbacks=[time_log(arguments.log), KerasPruningCallback(trial, "val_accuracy")],
        verbose=0,
    )
    return history.history["val_accuracy"][-1]


study = optuna.create_study(
    direction="maximize",
    sampler=optuna.samplers.TPESampler(seed=arguments.seed),
    pruner=optuna.pruners.MedianPruner(),
)
if arguments.recipe:
    study.enqueue_trial(FIRST)
study.optimize(objective, timeout=arguments.limit)
