"""`mnist-sweep ui`: MLflow's web page over the runs."""

from typing import Any

from mnist_sweep.config import UserError
from mnist_sweep.config.check import shown
from mnist_sweep.config.composed import Composed
from mnist_sweep.config.settings import parse_folder, parse_tracking
from mnist_sweep.tracking import serve


def main(composed: Composed) -> tuple[int, Any]:
    """Serves until it is stopped."""
    port = composed.config["port"]
    if not isinstance(port, int) or isinstance(port, bool) or not 1 <= port <= 65535:
        raise UserError(f"port must be a whole number from 1 to 65535, got {shown(port)}")
    tracking, folder = parse_tracking(composed.config["tracking"]), parse_folder(composed.config["runs_folder"])
    serve(tracking, folder, port)
    return 0, None
