"""A password in the tracking server's address reaches neither a file nor the terminal; MLflow's own variables count."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from mnist_sweep.cli.main import run
from mnist_sweep.config import UserError
from mnist_sweep.config.settings import TrackingConfig, parse_tracking
from mnist_sweep.files import write_json
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.tracking import as_before

SECRET = "hunter2"  # noqa: S105 - of nothing
DRY = ["sweep", "task=dry", "data=digits", "search.n_trials=2"]


class Refusing(BaseHTTPRequestHandler):
    """An MLflow server that answers nothing but 500, and remembers who asked."""

    asked: list[str | None] = []

    def do_GET(self) -> None:
        self.asked.append(self.headers.get("Authorization"))
        self.send_error(400)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def server() -> Iterator[str]:
    served = HTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{served.server_port}"
    served.shutdown()
    served.server_close()


@pytest.mark.usefixtures("no_report")
@pytest.mark.parametrize("by_variable", [True, False])
def test_a_password_is_used_and_kept_nowhere(
    server: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, by_variable: bool
) -> None:
    uri = f"http://me:{SECRET}@{server}"
    if by_variable:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    Refusing.asked.clear()
    runs = tmp_path / "runs"
    given = [] if by_variable else [f"tracking.uri={uri}"]
    assert run([*DRY, f"runs_folder={runs}", *given]) == 0
    assert any(Refusing.asked), "the server was not asked with the password"
    printed = "".join(capfd.readouterr())
    assert f"http://me:***@{server}" in printed
    assert SECRET not in printed
    files = [file for file in runs.rglob("*") if file.is_file()]
    assert len(files) > 10
    assert [file for file in files if SECRET.encode() in file.read_bytes()] == []


def test_where_the_password_is_not_given_again_it_is_asked_for(tmp_path: Path) -> None:
    study = StudyFolder(tmp_path / "mine")
    study.path.mkdir()
    write_json(study.tracking, {"uri": f"https://me:{SECRET}@host"})
    with pytest.raises(UserError, match=r"are in https://me:\*\*\*@host, whose password is stored nowhere: give it in"):
        as_before(TrackingConfig(True, None, "mine"), study)
    own = TrackingConfig(True, f"https://me:{SECRET}@host", "mine")
    assert as_before(own, study) == own


@pytest.mark.usefixtures("no_report")
def test_mlflows_variables_count_below_the_command_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'variable.db'}")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "from-variable")
    assert run([*DRY, f"runs_folder={tmp_path / 'one'}"]) == 0
    assert f"MLflow: experiment from-variable in sqlite:///{tmp_path / 'variable.db'}" in capfd.readouterr().out
    assert (tmp_path / "variable.db").is_file()
    assert (tmp_path / "one/artifacts").is_dir()  # not ./mlruns, which is MLflow's own choice for a database
    line = [f"tracking.uri=sqlite:///{tmp_path / 'line.db'}", "tracking.experiment=from-line"]
    assert run([*DRY, f"runs_folder={tmp_path / 'two'}", *line]) == 0
    assert f"MLflow: experiment from-line in sqlite:///{tmp_path / 'line.db'}" in capfd.readouterr().out


def test_a_variable_that_names_no_store_is_told_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "./mlruns")
    with pytest.raises(UserError, match=r"tracking\.uri must be a server .* got \./mlruns, from MLFLOW_TRACKING_URI$"):
        parse_tracking({"enabled": True, "uri": "./mlruns", "experiment": "mine"})
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    assert parse_tracking({"enabled": True, "uri": "", "experiment": "mine"}).uri is None
