"""KerasTuner with a run_trial of its own, and MLflow by hand: the tuner knows nothing of MLflow.

After https://keras.io/guides/keras_tuner/custom_tuner/ (overriding Tuner.run_trial) and
https://mlflow.org/docs/latest/api_reference/python_api/mlflow.client.html (log_batch). RandomSearch is the guide's:
it learns nothing from the trials, which costs less than the other peers' samplers.
"""

import argparse
import time

import keras_tuner
from common import TRIVIAL_SPACE, trivial_curves
from mlflow import MlflowClient
from mlflow.entities import Metric, Param

parser = argparse.ArgumentParser()
parser.add_argument("--trials", type=int, required=True)
parser.add_argument("--store", required=True)
arguments = parser.parse_args()

client = MlflowClient(arguments.store)
experiment = client.create_experiment("overhead")


class TrivialTuner(keras_tuner.RandomSearch):
    """A trial computes a formula and logs it."""

    def run_trial(self, trial, *args, **kwargs):  # noqa: ARG002
        """The metrics of the last epoch."""
        parameters = trial.hyperparameters.values
        curves = trivial_curves(parameters)
        run = client.create_run(experiment, run_name=trial.trial_id).info.run_id
        client.log_batch(run, params=[Param(name, str(value)) for name, value in parameters.items()])
        for epoch, metrics in enumerate(curves):
            now = int(time.time() * 1000)
            client.log_batch(run, metrics=[Metric(name, value, now, epoch) for name, value in metrics.items()])
        client.set_terminated(run)
        return curves[-1]


hyperparameters = keras_tuner.HyperParameters()
for name, (kind, *bounds) in TRIVIAL_SPACE.items():
    if kind == "choice":
        hyperparameters.Choice(name, bounds[0])
    else:
        hyperparameters.Float(name, *bounds)
TrivialTuner(
    hyperparameters=hyperparameters,
    objective=keras_tuner.Objective("val_accuracy", "max"),
    max_trials=arguments.trials,
    seed=0,
    directory="keras_tuner",
    project_name="overhead",
).search(verbose=0)
