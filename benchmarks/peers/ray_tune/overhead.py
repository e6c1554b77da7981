"""Ray Tune with OptunaSearch and its MLflowLoggerCallback, two trials at a time.

After https://docs.ray.io/en/latest/tune/examples/tune-mlflow.html and
https://docs.ray.io/en/latest/tune/examples/optuna_example.html. Each trial is a process of its own, which Ray's
documentation has by default (reuse_actors=False).
"""

import argparse
from pathlib import Path

from common import TRIVIAL_SPACE, trivial_curves
from ray import tune
from ray.air.integrations.mlflow import MLflowLoggerCallback
from ray.tune.search.optuna import OptunaSearch

parser = argparse.ArgumentParser()
parser.add_argument("--trials", type=int, required=True)
parser.add_argument("--store", required=True)
arguments = parser.parse_args()


def train(config: dict) -> None:
    """Reports the epochs of a formula."""
    for metrics in trivial_curves(config):
        tune.report(metrics)


tune.Tuner(
    train,
    param_space={
        name: tune.choice(bounds[0]) if kind == "choice" else tune.uniform(*bounds)
        for name, (kind, *bounds) in TRIVIAL_SPACE.items()
    },
    tune_config=tune.TuneConfig(
        metric="val_accuracy",
        mode="max",
        search_alg=OptunaSearch(seed=0),
        num_samples=arguments.trials,
        max_concurrent_trials=2,
    ),
    run_config=tune.RunConfig(
        name="overhead",
        storage_path=str(Path.cwd() / "ray"),
        callbacks=[MLflowLoggerCallback(tracking_uri=arguments.store, experiment_name="overhead")],
    ),
).fit()
