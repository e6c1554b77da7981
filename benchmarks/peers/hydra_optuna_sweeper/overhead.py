"""Hydra's Optuna sweeper, with MLflow by hand in the task function.

After https://hydra.cc/docs/plugins/optuna_sweeper/ (the example: n_jobs 1, storage null, Hydra's basic launcher) and
https://mlflow.org/docs/latest/ml/tracking/ (start_run, log_params, log_metrics). The study itself is kept in memory:
a storage would cost more.
"""

import argparse
import sys

import hydra
import mlflow
from common import TRIVIAL_SPACE, trivial_curves
from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf

parser = argparse.ArgumentParser()
parser.add_argument("--trials", type=int, required=True)
parser.add_argument("--store", required=True)
arguments = parser.parse_args()

first = {name: bounds[0][0] if kind == "choice" else bounds[0] for name, (kind, *bounds) in TRIVIAL_SPACE.items()}
ConfigStore.instance().store("config", {"defaults": [{"override hydra/sweeper": "optuna"}, "_self_"], **first})


def sweep(kind: str, *bounds: float | list) -> str:
    """A parameter's range in Hydra's grammar."""
    return f"choice({', '.join(bounds[0])})" if kind == "choice" else f"interval({bounds[0]}, {bounds[1]})"


@hydra.main(version_base=None, config_name="config")
def task(config: DictConfig) -> float:
    """The accuracy of the last epoch."""
    parameters = OmegaConf.to_container(config)
    curves = trivial_curves(parameters)
    with mlflow.start_run():
        mlflow.log_params(parameters)
        for epoch, metrics in enumerate(curves):
            mlflow.log_metrics(metrics, step=epoch)
    return curves[-1]["val_accuracy"]


mlflow.set_tracking_uri(arguments.store)
mlflow.set_experiment("overhead")
sys.argv[1:] = [
    "--multirun",
    f"hydra.sweeper.n_trials={arguments.trials}",
    "hydra.sweeper.n_jobs=1",
    "hydra.sweeper.direction=maximize",
    "hydra.sweeper.sampler.seed=0",
    *(f"{name}={sweep(*range_)}" for name, range_ in TRIVIAL_SPACE.items()),
]
task()
