"""The command that is told what happens in a search."""

import errno
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mnist_sweep.config import Unavailable, UserError
from mnist_sweep.config.composed import Composed
from mnist_sweep.config.domains import as_literal
from mnist_sweep.driver import on_event as module
from mnist_sweep.driver.loop import Outcome
from mnist_sweep.driver.on_event import OnEvent, parse_command
from mnist_sweep.driver.plan import Plan
from mnist_sweep.driver.session import search
from mnist_sweep.execution import InlineExecutor
from mnist_sweep.execution.progress import Silent
from mnist_sweep.files import read_yaml
from mnist_sweep.tasks.data import not_shown


class Heard(Silent):
    def __init__(self) -> None:
        super().__init__()
        self.warnings: list[str] = []

    def warn(self, line: str) -> None:
        self.warnings.append(line)


@pytest.fixture
def script(tmp_path: Path) -> str:
    """A command that adds each event to a file."""
    file = tmp_path / "tell me.py"
    file.write_text(f"import sys\nopen({str(tmp_path / 'events')!r}, 'a').write(sys.stdin.read() + '\\n')\n")
    return f"{sys.executable} '{file}'"


def events(tmp_path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (tmp_path / "events").read_text().splitlines()]


def option(command: str) -> str:
    return f"study.on_event={as_literal(command)}"


def test_a_search_tells_of_each_new_best_trial_and_of_its_end(
    composed: Callable[..., Composed], no_report: None, script: str, tmp_path: Path
) -> None:
    heard = Heard()
    found = search(composed("search.n_trials=6", option(script)), heard, not_shown)
    told = events(tmp_path)
    assert [one["event"] for one in told] == ["best"] * (len(told) - 1) + ["ended"]
    values = [one["best"]["value"] for one in told[:-1]]
    assert values == sorted(set(values))
    assert len(values) >= 1
    last = told[-1]
    assert (last["study"], last["folder"], last["states"]["COMPLETE"]) == ("dnn-digits", str(found.folder.path), 6)
    assert last["reason"] == last["ended"]
    assert last["best"]["value"] == values[-1]
    assert heard.warnings == []
    assert "on_event" not in read_yaml(found.folder.config)["study"]
    assert "on_event" not in found.folder.trial(0).overrides.read_text()  # `train` takes what is pasted behind it


def test_a_search_that_fails_says_so(
    composed: Callable[..., Composed], script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(InlineExecutor, "events", full)
    with pytest.raises(Unavailable):
        search(composed(option(script)), Heard(), not_shown)
    (told,) = events(tmp_path)
    assert told["event"] == "failed"
    assert "is full (No space left on device)" in told["reason"]
    assert [Outcome(code, "").has_failed for code in (0, 1, 130)] == [False, True, False]


def test_a_command_that_fails_or_hangs_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    failing = OnEvent([sys.executable, "-c", "raise SystemExit('no network')"], lines.append)
    failing.tell("best", {"study": "x" * 1_000_000})  # it reads nothing of it
    failing.tell("ended", {})
    failing.close()
    command = Path(sys.executable)
    assert lines == [f"study.on_event: {command} has failed with exit code 1 (no network), told of the event {kind}"
                     for kind in ("best", "ended")]  # fmt: skip
    lines.clear()
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.2)
    hanging = OnEvent(["sleep", "1000"], lines.append)
    hanging.tell("ended", {})
    assert hanging._thread is not None
    hanging._thread.join(0.1)
    hanging.close()
    hanging._thread.join(10)
    assert hanging._running is not None
    assert hanging._running.poll() is not None
    assert any(line.startswith("study.on_event: sleep") for line in lines)


def test_without_a_command_nothing_runs() -> None:
    none = OnEvent([], pytest.fail)
    none.tell("ended", {})
    none.close()
    assert none._thread is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no-such-program now", "there is no no-such-program"),
        ("sh -c 'x", "must be a command, got sh -c 'x: no closing quotation"),
        (" ", "must be a command, got nothing"),
    ],
)
def test_what_cannot_be_run_is_refused(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse_command(text, True)


def test_what_a_file_says_is_not_run(planned: Callable[..., Plan]) -> None:
    assert parse_command("sh -c true", True) == ["sh", "-c", "true"]
    assert parse_command(None, False) == []
    with pytest.raises(UserError, match=r"study\.on_event must not be set in a file"):
        parse_command("sh", False)
    assert planned("study.on_event='sh -c true'").on_event == ["sh", "-c", "true"]
