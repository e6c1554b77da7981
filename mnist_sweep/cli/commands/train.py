"""`mnist-sweep train`: one trial, recorded like those of a sweep."""

from typing import Any

from mnist_sweep.cli.screen import Screen, transfer
from mnist_sweep.config.composed import Composed
from mnist_sweep.driver.single import train


def main(composed: Composed) -> tuple[int, Any]:
    """Runs one trial; returns the best value of its primary curve to Hydra, for the sweepers of others."""
    trained = train(composed, Screen(), transfer)
    return trained.code, trained.value
