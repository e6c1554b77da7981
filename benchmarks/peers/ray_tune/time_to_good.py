"""Ray Tune with OptunaSearch and ASHA, two trials at a time with a core each.

After https://docs.ray.io/en/latest/tune/examples/tune_mnist_keras.html (TuneReportCheckpointCallback without
checkpoints, with_resources), https://docs.ray.io/en/latest/tune/examples/optuna_example.html and
https://docs.ray.io/en/latest/tune/api/doc/ray.tune.with_parameters.html (the data in Ray's object store). Each trial is
a process of its own that imports TensorFlow anew: reuse_actors is off by default. Nothing is tracked in MLflow.
"""

from argparse import Namespace
from pathlib import Path

from common import FIRST, SPACE, given, labels, mnist, network, time_log
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


def train(config: dict, data: tuple, arguments: Namespace) -> None:
    """Trains a network and reports each epoch."""
    import keras
    from ray.tune.integration.keras import TuneReportCheckpointCallback

    keras.utils.set_random_seed(arguments.seed)
    x_train, y_train, x_valid, y_valid = data
    network(config, arguments.recipe).fit(
        x_train,
        labels(y_train, arguments.recipe),
        batch_size=config["batch_size"],
        epochs=arguments.epochs,
        validation_data=(x_valid, labels(y_valid, arguments.recipe)),
        callbacks=[time_log(arguments.log), TuneReportCheckpointCallback(checkpoint_on=[], metrics=["val_accuracy"])],
        verbose=0,
    )


trainable = tune.with_parameters(train, data=mnist(), arguments=arguments)
tune.Tuner(
    tune.with_resources(trainable, {"cpu": 1}),
    param_space={name: domain(*bounds) for name, bounds in SPACE.items()},
    tune_config=tune.TuneConfig(
        metric="val_accuracy",
        mode="max",
        search_alg=OptunaSearch(seed=arguments.seed, points_to_evaluate=[FIRST] if arguments.recipe else None),
        scheduler=ASHAScheduler(max_t=arguments.epochs),
        num_samples=-1,
        max_concurrent_trials=2,
        time_budget_s=arguments.limit,
    ),
    run_config=tune.RunConfig(name="time_to_good", storage_path=str(Path.cwd() / "ray")),
).fit()
