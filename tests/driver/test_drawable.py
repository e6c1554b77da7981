"""Trials that can't be trained, or meet a constraint, are not drawn; what they are is told."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from mnist_sweep.cli.main import run
from mnist_sweep.config import UserError
from mnist_sweep.driver.plan import Plan

LISTS = {"model.filters": "choice([4,4],[4,4,4])", "model.convolutions": "choice([1,2],[2,2,2])"}
SHORT = {"model.filters": "[4,4]", "model.convolutions": "[1,2]"}
WRONG = {"model.filters": "[4,4]", "model.convolutions": "[2,2,2]"}


@pytest.fixture
def blocks(planned: Callable[..., Plan]) -> Callable[..., Plan]:
    """Makes plans of searches of two lists that must be of one length."""

    def made(*overrides: str, sweeps: Mapping[str, str] = LISTS) -> Plan:
        return planned("model=blocks", "model.filters=[4,4]", "model.convolutions=1", *overrides, sweeps=sweeps)

    return made


def test_the_first_that_can_not_be_trained_is_remembered(blocks: Callable[..., Plan]) -> None:
    drawable = blocks().drawable
    drawable.refused, drawable.has_violation = "", False
    assert drawable(SHORT)
    assert (drawable.refused, drawable.which) == ("", "")
    assert not drawable(WRONG)
    assert drawable.refused.startswith("model.filters=[4,4] model.convolutions=[2,2,2]: model.convolutions must be ")
    assert drawable.said.endswith(f"such as {drawable.refused}")


def test_what_does_not_meet_a_constraint_is_no_mistake(blocks: Callable[..., Plan]) -> None:
    drawable = blocks("search.constraints=['parameters<=800']").drawable
    drawable.refused, drawable.has_violation = "", False
    assert not drawable({"model.filters": "[4,4,4]", "model.convolutions": "[2,2,2]"})
    assert (drawable.refused, drawable.which) == ("", " that meets search.constraints")


def test_a_space_of_which_nothing_may_be_drawn_is_refused(blocks: Callable[..., Plan]) -> None:
    with pytest.raises(UserError, match=r"^search.constraints: no configuration .* that meets parameters<=5$"):
        blocks("search.constraints=['parameters<=5']", "sampler=grid", sweeps={"model.filters": "choice([4,4],[6,6])"})
    with pytest.raises(UserError, match=r"^search.space: no configuration .* can be trained and meets parameters<=5; "):
        blocks("search.constraints=['parameters<=5']", "sampler=grid")
    sizes = {"model.pool_size": "range(15,26)", "model.filters": "choice([4,4,4])", "model.convolutions": "choice(1,2)",
             "model.dropout": "interval(0,0.5)"}  # fmt: skip
    with pytest.raises(UserError, match=r"^search.space.*model.pool_size must leave a pixel"):
        blocks("model.filters=[4,4,4]", "model.pool_size=2", sweeps=sizes)


def test_it_is_told_where_they_were_not_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lists = [f"model.{key}={{{','.join(str([value] * n).replace(' ', '') for n in (2, 3) for value in range(1, 19))}}}"
             for key in ("filters", "convolutions")]  # fmt: skip
    lists = [text.replace("{", "choice(").replace("}", ")") for text in lists]  # 36 of each: 1,296 combinations
    dry = ["data=digits", "model=blocks", "search=default", "task=dry", "tracking=none", "search.n_trials=4"]
    assert run(["sweep", *dry, *lists, f"runs_folder={tmp_path}"]) == 0
    out = capsys.readouterr().out
    assert "4 complete, 0 pruned, 0 failed" in out
    assert "Not drawn, since they can't be trained: configurations such as" in out


def test_which_are_drawn_is_said_in_words(blocks: Callable[..., Plan]) -> None:
    drawable = blocks("search.constraints=['parameters<=800']").drawable
    drawable.refused, drawable.has_violation = "", False
    assert drawable.which == ""
    drawable({"model.filters": "[4,4,4]", "model.convolutions": "[2,2,2]"})
    drawable(WRONG)
    assert drawable.which == " that can be trained and meets search.constraints"
