"""A task with sections and metrics of its own, for the command line.

mnist-sweep sweep --config-dir conf task=curve 'fit.degree=range(1,10)' search.n_trials=9 search.metric=val_error \
        noise.scale=0.2 'runtime.allowed_targets=[task]'
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

import mnist_sweep as ms


class Curve:
    """Fits a polynomial to noisy points of a sine."""

    sections = ("fit", "noise")
    metrics = {"val_error": "minimize", "error": "minimize"}

    def check(self, config: Mapping[str, Any]) -> None:
        """Raises UserError for a scale that is no scale, before anything runs."""
        if config["noise"]["scale"] < 0:
            raise ms.UserError(f"noise.scale must be at least 0, got {config['noise']['scale']}")

    def run(self, config: Mapping[str, Any], trial: ms.TrialContext) -> dict[str, float]:
        """Returns the errors of the fit."""
        random = np.random.default_rng(trial.seed)
        x = np.linspace(0, 6, 40)
        y = np.sin(x) + random.normal(0, config["noise"]["scale"], x.shape)
        fitted = np.polynomial.Polynomial.fit(x[::2], y[::2], config["fit"]["degree"])
        trial.report(1, error=float(np.mean((fitted(x[::2]) - y[::2]) ** 2)),
                     val_error=float(np.mean((fitted(x[1::2]) - y[1::2]) ** 2)))  # fmt: skip
        return {"coefficients": float(len(fitted.coef))}
