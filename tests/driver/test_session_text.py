"""What a search says at its beginning and at its end."""

from collections.abc import Callable

from mnist_sweep.driver.loop import Outcome, Sweep
from mnist_sweep.driver.plan import Plan
from mnist_sweep.driver.session_text import intro, outro
from mnist_sweep.execution.progress import Silent


class Heard(Silent):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def say(self, line: str, style: str = "", wrap: bool = False) -> None:
        self.lines.append(line)


def test_what_is_searched_is_said(planned: Callable[..., Plan], swept: Callable[[Plan], Sweep]) -> None:
    sweep, heard = swept(planned("search.n_trials=7")), Heard()
    intro(sweep.plan, sweep.search, heard, [], 2)
    assert heard.lines[0].startswith("Study dnn-digits: up to 7 trials of best_val_accuracy, 2 at a time, in ")
    assert "Searched: model.dropout" in heard.lines


def test_a_search_that_was_left_says_how_it_goes_on(
    planned: Callable[..., Plan], swept: Callable[[Plan], Sweep]
) -> None:
    sweep, heard = swept(planned()), Heard()
    outro(sweep.plan, sweep.search, sweep.files, heard, Outcome(130, "interrupted"), 61)
    assert heard.lines[1] == "Study dnn-digits: interrupted; 0 complete, 0 pruned, 0 failed, in 1 min 01 s"
    assert heard.lines[2] == "No trial is complete yet"
    assert heard.lines[-1] == "Run the same command to go on"
