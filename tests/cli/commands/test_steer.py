"""Asking a running search from another terminal."""

import threading
import time
from pathlib import Path

import pytest

from mnist_sweep.cli.main import run
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.lock import locked
from mnist_sweep.storage.requests import Answer, Request, answer, logged, waiting


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    folder = StudyFolder(tmp_path / "runs" / "mine")
    (folder.path / "trials").mkdir(parents=True)
    return folder


def asked(study: StudyFolder, given: Answer, *arguments: str) -> tuple[int, Request]:
    """Runs a command while a driver answers one request; returns its exit code, and the request."""

    def work() -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and not logged(study):
            for one in waiting(study):
                answer(study, one, given)
            time.sleep(0.01)

    with locked(study):
        thread = threading.Thread(target=work)
        thread.start()
        code = run([*arguments, f"runs_folder={study.path.parent}"])
        thread.join()
    return code, logged(study)[-1][0]


@pytest.mark.parametrize(
    ("arguments", "kind", "trial", "overrides"),
    [
        (["stop", "mine"], "stop", None, ()),
        (["stop", "mine/7"], "stop", 7, ()),
        (["pause", "mine"], "pause", None, ()),
        (["resume", "mine"], "resume", None, ()),
        (["add", "mine", "model.units=[8,8]", "optimizer=sgd"], "add", None, ("model.units=[8,8]", "optimizer=sgd")),
        (["set", "mine", "search.timeout=1h30m", "runtime.workers=1"], "set", None,
         ("search.timeout=1h30m", "runtime.workers=1")),
    ],
)  # fmt: skip
def test_a_command_asks_the_driver_and_says_its_answer(
    arguments: list[str], kind: str, trial: int | None, overrides: tuple[str, ...], study: StudyFolder,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    code, request = asked(study, Answer(True, "as you say"), *arguments)
    assert code == 0
    assert capsys.readouterr().out == "as you say\n"
    assert (request.kind, request.trial, request.overrides) == (kind, trial, overrides)


def test_a_no_is_an_error(study: StudyFolder, capsys: pytest.CaptureFixture[str]) -> None:
    code, _ = asked(study, Answer(False, "trial 7 is not running"), "stop", "mine/7")
    assert code == 2
    assert capsys.readouterr().err == "error: trial 7 is not running\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["stop", "mine"], "study mine is not running"),
        (["stop", "nope"], "study=nope is not in"),
        (["add", "mine"], "add takes overrides, such as model.dropout=0.3"),
        (["set", "mine"], "set takes overrides, such as search.n_trials=60"),
    ],
)
def test_what_can_not_be_asked_is_told(
    arguments: list[str], message: str, study: StudyFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*arguments, f"runs_folder={study.path.parent}"]) == 2
    assert message in capsys.readouterr().err
