"""The command that serves MLflow's page; that a browser sees it is tested in tests/test_browser.py."""

from pathlib import Path

import pytest

from mnist_sweep.cli.main import run


def test_the_folder_and_the_port_are_handed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[tuple[object, ...]] = []
    monkeypatch.setattr("mnist_sweep.cli.commands.ui.serve", lambda *given: served.append(given))
    assert run(["ui", f"runs_folder={tmp_path}", "port=5001", "open_browser=false"]) == 0
    ((_, folder, port, open_browser),) = served
    assert (folder, port, open_browser) == (tmp_path, 5001, False)
    assert run(["ui", f"runs_folder={tmp_path}", "open_browser=maybe"]) == 2


@pytest.mark.parametrize("port", ["0", "65536", "true", "http", "80.5"])
def test_another_port_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], port: str) -> None:
    assert run(["ui", f"runs_folder={tmp_path}", f"port={port}"]) == 2
    assert "port must be" in capsys.readouterr().err
