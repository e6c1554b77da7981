"""Plain Optuna with the MLflowCallback of optuna-integration.

After https://optuna-integration.readthedocs.io/en/stable/reference/generated/optuna_integration.MLflowCallback.html
(track_in_mlflow; its example logs one metric at a time with log_metric, an epoch at a time with log_metrics is faster)
and https://optuna.readthedocs.io/en/stable/tutorial/20_recipes/001_rdb.html (SQLite, so that a study survives: Optuna's
plain default keeps the study in memory, which costs less). The callback is deprecated, and is there until 6.0.
"""

import argparse

import mlflow
import optuna
from common import TRIVIAL_SPACE, trivial_curves
from optuna_integration import MLflowCallback

parser = argparse.ArgumentParser()
parser.add_argument("--trials", type=int, required=True)
parser.add_argument("--store", required=True)
arguments = parser.parse_args()

callback = MLflowCallback(tracking_uri=arguments.store, metric_name="best_val_accuracy")


def suggest(trial: optuna.Trial) -> dict:
    """The parameters of a trial."""
    return {
        name: trial.suggest_categorical(name, bounds[0]) if kind == "choice" else trial.suggest_float(name, *bounds)
        for name, (kind, *bounds) in TRIVIAL_SPACE.items()
    }


@callback.track_in_mlflow()
def objective(trial: optuna.Trial) -> float:
    """The accuracy of the last epoch."""
    curves = trivial_curves(suggest(trial))
    for epoch, metrics in enumerate(curves):
        mlflow.log_metrics(metrics, step=epoch)
        trial.report(metrics["val_accuracy"], epoch)
    return curves[-1]["val_accuracy"]


study = optuna.create_study(
    study_name="overhead",
    storage="sqlite:///study.db",
    sampler=optuna.samplers.TPESampler(seed=0),
    pruner=optuna.pruners.NopPruner(),
    direction="maximize",
)
study.optimize(objective, n_trials=arguments.trials, callbacks=[callback])
