"""Requests to a driver: files that one process writes and another answers."""

import threading
import time
from pathlib import Path

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.files import read_json
from mnist_sweep.storage import requests
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.lock import locked
from mnist_sweep.storage.requests import Answer, Request, answer, logged, send, waiting, who


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    (tmp_path / "mine").mkdir()
    return StudyFolder(tmp_path / "mine")


def answering(folder: StudyFolder, given: Answer, count: int = 1) -> threading.Thread:
    """A driver that answers some requests, in a thread."""

    def work() -> None:
        left, deadline = count, time.monotonic() + 20
        while left and time.monotonic() < deadline:
            for asked in waiting(folder):
                answer(folder, asked, given)
                left -= 1
            time.sleep(0.01)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_a_request_is_answered_and_logged(folder: StudyFolder) -> None:
    request = Request("add", "me@here", 5.0, None, ("model.dropout=0.3",))
    with locked(folder):
        thread = answering(folder, Answer(True, "it is the next trial"))
        assert send(folder, request) == Answer(True, "it is the next trial")
        thread.join()
    assert logged(folder) == [(request, Answer(True, "it is the next trial"))]
    assert list(folder.requests.iterdir()) == []  # nothing is left behind
    assert str(request) == "add model.dropout=0.3"
    assert str(Request("stop", "me", 0.0, 7)) == "stop trial 7"


@pytest.mark.parametrize(
    ("kind", "message"),
    [("stop", "study mine is not running"), ("set", "not running; give them to its next sweep"),
     ("add", "not running; give its next sweep search.start")],
)  # fmt: skip
def test_nobody_answers_where_no_driver_is_running(kind: str, message: str, folder: StudyFolder) -> None:
    with pytest.raises(UserError, match=message):
        send(folder, Request(kind, "me", 0.0))  # type: ignore[arg-type]
    assert not folder.requests.exists()


def test_what_is_not_answered_is_withdrawn(folder: StudyFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "PATIENCE_SECONDS", 0.2)
    with locked(folder), pytest.raises(UserError, match=r"study mine does not answer: it may be drawing its report"):
        send(folder, Request("pause", "me", 0.0))
    assert waiting(folder) == []


def test_what_can_not_be_read_is_removed(folder: StudyFolder) -> None:
    folder.requests.mkdir()
    (folder.requests / "5-1.json").write_text("{")
    (folder.requests / "6-1.json").write_text('{"kind": "explode", "by": "me", "at": 0}')
    (folder.requests / ".7-1.json").write_text("half")  # is being written
    assert waiting(folder) == []
    assert [file.name for file in folder.requests.iterdir()] == [".7-1.json"]


def test_a_password_is_logged_nowhere_and_a_line_that_was_cut_off_is_left_out(folder: StudyFolder) -> None:
    folder.requests.mkdir()
    file = folder.requests / "5-1.json"
    file.write_text('{"kind": "set", "by": "me", "at": 0, "overrides": ["tracking.uri=http://a:secret@b"]}')
    answer(folder, waiting(folder)[0], Answer(False, "no"))
    assert "secret" not in folder.request_log.read_text()
    assert read_json(file.with_suffix(".answer"))["text"] == "no"
    with folder.request_log.open("a") as log:
        log.write('{"kind": "se')
    assert len(logged(folder)) == 1
    assert "@" in who()
