"""`mnist-sweep ui`: MLflow's web page over the runs."""

from typing import Any

from mnist_sweep.cli.requests import ui_request
from mnist_sweep.config.composed import Composed
from mnist_sweep.tracking import serve


def main(composed: Composed) -> tuple[int, Any]:
    """Serves MLflow's web page until it is stopped."""
    request = ui_request(composed)
    serve(request.tracking, request.runs_folder, request.port, request.open_browser)
    return 0, None
