"""Hydra's Optuna sweeper with TPE, one trial after the other in one process, TensorFlow on all cores.

After https://hydra.cc/docs/plugins/optuna_sweeper/ (the example: n_jobs 1, Hydra's basic launcher). The sweeper can't
prune: every trial has all its epochs, and it can't be told a first configuration. The data are loaded once for all
trials. Nothing is tracked.
"""

import sys

import hydra
import keras
from common import SPACE, given, labels, mnist, network, time_log
from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf

# The limit is not used: the sweeper has none.
arguments = given()

keras.utils.set_random_seed(arguments.seed)
x_train, y_train, x_valid, y_valid = mnist()
first = {name: bounds[0][0] if kind == "choice" else bounds[0] for name, (kind, *bounds) in SPACE.items()}
ConfigStore.instance().store("config", {"defaults": [{"override hydra/sweeper": "optuna"}, "_self_"], **first})


def sweep(kind: str, *bounds: float | list) -> str:
    """A parameter's range in Hydra's grammar."""
    if kind == "choice":
        return f"choice({', '.join(str(value) for value in bounds[0])})"
    if kind == "steps":
        return f"range({bounds[0]}, {bounds[1] + 1}, {bounds[2]})"
    interval = f"interval({bounds[0]}, {bounds[1]})"
    return f"tag(log, {interval})" if kind == "log" else interval


@hydra.main(version_base=None, config_name="config")
def task(config: DictConfig) -> float:
    """The validation accuracy after the last epoch."""
    keras.backend.clear_session()
    parameters = OmegaConf.to_container(config)
    history = network(parameters, arguments.recipe).fit(
        x_train,
        labels(y_train, arguments.recipe),
        batch_size=parameters["batch_size"],
        epochs=arguments.epochs,
        validation_data=(x_valid, labels(y_valid, arguments.recipe)),
        callbacks=[time_log(arguments.log)],
        verbose=0,
    )
    return history.history["val_accuracy"][-1]


sys.argv[1:] = [
    "--multirun",
    "hydra.sweeper.n_trials=1000",
    "hydra.sweeper.n_jobs=1",
    "hydra.sweeper.direction=maximize",
    f"hydra.sweeper.sampler.seed={arguments.seed}",
    *(f"{name}={sweep(*bounds)}" for name, bounds in SPACE.items()),
]
task()
