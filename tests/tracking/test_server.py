"""What is checked before MLflow's page is served, and how its server is started."""

import itertools
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.config.settings import TrackingConfig
from mnist_sweep.tracking.server import serve

DEFAULT = TrackingConfig(True, None, "mine")


def test_a_folder_without_runs_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no runs yet: start with `mnist-sweep sweep`"):
        serve(DEFAULT, tmp_path, 5000, open_browser=False)


@pytest.mark.parametrize("uri", ["http://127.0.0.1:5000", "https://mlflow.example"])
def test_a_server_is_not_served_again(tmp_path: Path, uri: str) -> None:
    with pytest.raises(UserError, match=f"tracking.uri is a server already: open {uri}"):
        serve(TrackingConfig(True, uri, "mine"), tmp_path, 5000, open_browser=False)


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").touch()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=rf"port must be a free one, but {port} is unavailable \(Address already"):
            serve(DEFAULT, tmp_path, port, open_browser=True)


def test_the_server_is_reachable_from_this_machine_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mlflow.db").touch()
    replaced: list[tuple[str, list[str], dict[str, str]]] = []
    for display in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(display, raising=False)
    monkeypatch.setattr(os, "execve", lambda *given: replaced.append(given))  # or it would end the tests
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serve(DEFAULT, tmp_path, port, open_browser=True)
    ((program, command, environment),) = replaced
    assert program == command[0] == sys.executable
    options = dict(itertools.pairwise(command))
    assert (options["--host"], options["--port"]) == ("127.0.0.1", str(port))
    assert environment["MLFLOW_BACKEND_STORE_URI"] == f"sqlite:///{tmp_path}/mlflow.db"
    assert not any("sqlite" in argument for argument in command)  # an address may hold a password
    assert options["--default-artifact-root"] == f"file://{tmp_path}/artifacts"
    assert environment["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert f"http://127.0.0.1:{port}" in capsys.readouterr().out


@pytest.mark.parametrize(("open_browser", "display"), [(True, ":7"), (False, ":7"), (True, None)])
def test_a_browser_opens_the_page_unless_told_not_to_or_without_a_display(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, open_browser: bool, display: str | None
) -> None:
    """With a browser that notes the address it was given."""
    (tmp_path / "mlflow.db").touch()
    browser, noted = tmp_path / "browser", tmp_path / "noted"
    browser.write_text(f'#!/bin/sh\necho "$1" > {noted}.draft && mv {noted}.draft {noted}\n')
    browser.chmod(0o700)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    if display:
        monkeypatch.setenv("DISPLAY", display)
    monkeypatch.setattr(os, "execve", lambda *_: None)
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda *given, **more: started.append(popen(*given, **more)))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serve(DEFAULT, tmp_path, port, open_browser)
    with socket.socket() as answering:
        answering.bind(("127.0.0.1", port))
        answering.listen()
        for process in started:
            process.wait(60)
    assert len(started) == int(open_browser and display is not None)
    if started:
        assert noted.read_text().strip() == f"http://127.0.0.1:{port}"
