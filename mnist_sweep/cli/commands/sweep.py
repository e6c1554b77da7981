"""`mnist-sweep sweep`: checks, runs and reports a search."""

from typing import Any

from mnist_sweep.cli.screen import Screen, transfer
from mnist_sweep.config.composed import Composed
from mnist_sweep.driver.session import search


def main(composed: Composed) -> tuple[int, Any]:
    """Runs the search, from where an earlier call on the same study has ended."""
    return search(composed, Screen(), transfer).code, None
