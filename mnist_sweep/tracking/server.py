"""MLflow's UI, with one worker and without what a single user does not need."""

import os
import socket
import subprocess
import sys
from pathlib import Path

from mnist_sweep.config import UserError
from mnist_sweep.config.settings import TrackingConfig
from mnist_sweep.tracking.pages import RUNS_FOLDER, latest_page
from mnist_sweep.tracking.store import ENVIRONMENT, tracking_uri

DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")
# In a process of its own, as this one becomes the server: opens the page as soon as the port answers.
OPEN = """
import socket, sys, time, webbrowser
end = time.monotonic() + 60
while time.monotonic() < end:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", int(sys.argv[2]))) == 0:
            webbrowser.open(sys.argv[1])
            break
    time.sleep(0.3)
"""


def serve(config: TrackingConfig, runs_folder: Path, port: int, open_browser: bool) -> None:
    """Replaces this process by MLflow's server, reachable from this machine only.

    Args:
        config: Where the store is.
        runs_folder: The folder of the default store.
        port: The TCP port.
        open_browser: Whether a browser opens the page, if there is a display.

    Raises:
        UserError: There is no store yet, it is a server already, or the port is not free.
    """
    uri = tracking_uri(config, runs_folder)
    if uri.startswith(("http://", "https://")):
        raise UserError(f"tracking.uri is a server already: open {uri}")
    if config.uri is None and not (runs_folder / "mlflow.db").is_file():
        raise UserError(f"runs_folder={runs_folder} holds no runs yet: start with `mnist-sweep sweep`")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise UserError(
                f"port must be a free one, but {port} is unavailable ({error.strerror}); give port=..."
            ) from None
    address = f"http://127.0.0.1:{port}"
    sys.stdout.write(f"MLflow UI: {address} (ready in some ten seconds; Ctrl-C stops it)\n"
                     f"The trials of the latest study: {address}/{latest_page(runs_folder)}\n")  # fmt: skip
    sys.stdout.flush()
    if open_browser and any(os.environ.get(name) for name in DISPLAYS):
        subprocess.Popen([sys.executable, "-c", OPEN, address, str(port)], stdin=subprocess.DEVNULL)
    command = [sys.executable, "-m", "mlflow", "server", "--app-name", "mnist_sweep", "--workers", "1"]
    command += ["--uvicorn-opts", "--log-level warning", "--host", "127.0.0.1", "--port", str(port),
                "--default-artifact-root", (runs_folder / "artifacts").absolute().as_uri()]  # fmt: skip
    # The address is no argument: it may hold a password, and everybody sees the arguments of a process.
    environment = {**os.environ, **ENVIRONMENT, "PYTHONWARNINGS": "ignore", "MLFLOW_BACKEND_STORE_URI": uri,
                   RUNS_FOLDER: str(runs_folder.absolute())}  # fmt: skip
    os.execve(sys.executable, command, environment)  # noqa: S606 - no shell is wanted
