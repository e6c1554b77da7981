"""One call of a search, from its configuration to its report."""

from collections.abc import Callable

from mnist_sweep.config.composed import Composed
from mnist_sweep.driver.session import search
from mnist_sweep.execution.progress import Scope, Silent
from mnist_sweep.tasks.data import not_shown


class Heard(Silent):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.scopes: list[Scope] = []

    def say(self, line: str, style: str = "", wrap: bool = False) -> None:
        self.lines.append(line)

    def begin(self, scope: Scope) -> None:
        self.scopes.append(scope)


def test_a_search_is_run_once_and_gone_on_with(composed: Callable[..., Composed], no_report: None) -> None:
    heard = Heard()
    found = search(composed("search.n_trials=2"), heard, not_shown)
    assert (found.code, len(found.folder.trials())) == (0, 2)
    assert any(line.startswith("Best: trial ") for line in heard.lines)
    assert (heard.scopes[-1].title, heard.scopes[-1].total, heard.scopes[-1].curve) == ("dnn-digits", 2, "val_accuracy")
    found.folder.report.touch()
    again = Heard()
    search(composed("search.n_trials=2"), again, not_shown)
    assert any("finished before, nothing to do" in line for line in again.lines)
    more = Heard()
    search(composed("search.n_trials=3"), more, not_shown)
    assert "Going on: 2 trials have ended before" in more.lines
