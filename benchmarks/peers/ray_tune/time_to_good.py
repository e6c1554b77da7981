"""Ray Tune with OptunaSearch and ASHA, two trials at a time with a core each.

After https://docs.ray.io/en/latest/tune/examples/tune_mnist_keras.html (TuneReportCheckpointCallback without
checkpoints, with_resources), https://docs.ray.io/en/latest/tune/examples/optuna_example.html and
https://docs.ray.io/en/latest/tune/api/doc/ray.tune.with_parameters.html (the data in Ray's object store). Each trial is
a process of its own that imports TensorFlow anew: reuse_actors is off by default. Nothing is tracked in MLflow.
"""

from pathlib import Path

from common import EPOCHS, SPACE, given, mnist, network, time_log
from ray import tune
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search.optuna import OptunaSearch

arguments = given()


def domain(kind: str, *bounds: float | list) -> tune.search.sample.Domain:
    """A parameter's range in Tune's words."""
    if kind == "choice":
        return tune.choice(bounds[0])
    if kind == "steps":
        return tune.qrandint(*bounds)
    return tune.loguniform(*bounds) if kind == "log" else tune.uniform(*bounds)


def train(config: dict, data: tuple, log: str, seed: int) -> None:
    """Trains a network and reports each epoch."""
    import keras
    from ray.tune.integration.keras import TuneReportCheckpointCallback

    keras.utils.set_random_seed(seed)
    x_train, y_train, x_valid, y_valid = data
    network(config).fit(
        x_train,
        y_train,
        batch_size=config["batch_size"],
        epochs=EPOCHS,
        validation_data=(x_valid, y_valid),
        callbacks=[time_log(log), TuneReportCheckpointCallback(checkpoint_on=[], metrics=["val_accuracy"])],
        verbose=0,
    )


trainable = tune.with_parameters(train, data=mnist(), log=arguments.log, seed=arguments.seed)
tune.Tuner(
    tune.with_resources(trainable, {"cpu": 1}),
    param_space={name: domain(*bounds) for name, bounds in SPACE.items()},
    tune_config=tune.TuneConfig(
        metric="val_accuracy",
        mode="max",
        search_alg=OptunaSearch(seed=arguments.seed),
        scheduler=ASHAScheduler(max_t=EPOCHS),
        num_samples=-1,
        max_concurrent_trials=2,
        time_budget_s=arguments.limit,
    ),
    run_config=tune.RunConfig(name="time_to_good", storage_path=str(Path.cwd() / "ray")),
).fit()
