"""A linear classifier of scikit-learn's digits, searched with pruning: an epoch is one pass of `partial_fit`.

python sklearn_partial_fit.py
mnist-sweep reproduce sgd 'runtime.allowed_targets=[sklearn_partial_fit]'
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split

import mnist_sweep as ms

EPOCHS = 9


def objective(config: Mapping[str, Any], trial: ms.TrialContext) -> dict[str, float]:
    """Trains with `config`, reports each epoch, and returns what is known at the end."""
    images, labels = load_digits(return_X_y=True)
    x, x_valid, y, y_valid = train_test_split(images / 16, labels, test_size=0.3, random_state=0, stratify=labels)
    model = SGDClassifier(**config, random_state=trial.seed)
    order = np.random.default_rng(trial.seed)
    for epoch in range(1, EPOCHS + 1):
        for rows in np.array_split(order.permutation(len(x)), 10):
            model.partial_fit(x[rows], y[rows], classes=np.unique(labels))
        predicted = model.predict(x_valid)
        trial.report(
            epoch, f1=f1_score(y_valid, predicted, average="macro"), accuracy=float((predicted == y_valid).mean())
        )
    np.save(trial.add_file("coefficients.npy"), model.coef_)  # part of the result: compared to the bit
    return {"nonzero": float((model.coef_ != 0).mean())}


if __name__ == "__main__":
    study = ms.sweep(
        task=objective,
        space={
            "loss": ["hinge", "log_loss", "modified_huber"],
            "penalty": ["l2", "l1", "elasticnet"],
            "alpha": "tag(log,interval(1e-6,1e-2))",
        },
        metric="f1",
        n_trials=30,
        name="sgd",
        verbose=True,
    )
    print(study.trials_dataframe().sort_values("f1", ascending=False).head())
    print("reproduced:", study.best.reproduce().verdict if study.best else "no trial is complete")
