"""A study goes on in another search space."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.config.composed import Composed
from mnist_sweep.driver import revision as module
from mnist_sweep.driver.session import search
from mnist_sweep.execution.progress import Silent
from mnist_sweep.files import read_yaml
from mnist_sweep.report import write_report
from mnist_sweep.results.study import read_study
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.state import TrialState
from mnist_sweep.tasks.data import not_shown

WIDE, NARROW = {"model.dropout": "interval(0.0,0.8)"}, {"model.dropout": "interval(0.0,0.3)"}


class Heard(Silent):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def say(self, line: str, style: str = "", wrap: bool = False) -> None:
        self.lines.append(line)


@pytest.fixture
def searched(composed: Callable[..., Composed], no_report: None) -> Callable[..., StudyFolder]:
    def run(count: int, sweeps: dict[str, str], *more: str, heard: Silent | None = None) -> StudyFolder:
        what = composed(f"search.n_trials={count}", *more, sweeps=sweeps)
        line = " ".join(["mnist-sweep sweep", *more, *(f"{key}={text}" for key, text in sweeps.items())])
        return search(replace(what, line=line), heard or Silent(), not_shown).folder

    return run


def dropouts(folder: StudyFolder) -> list[float]:
    study = read_study(folder)
    return [float(study.values_of(trial)["model.dropout"]) for trial in study.trials]


def test_what_lies_outside_is_marked_and_the_study_goes_on(searched: Callable[..., StudyFolder]) -> None:
    folder = searched(8, WIDE)
    before = dropouts(folder)
    far = [number for number, value in enumerate(before) if value > 0.3]
    assert far
    with pytest.raises(UserError, match=r"study\.revise=true to go on with this search space"):
        searched(12, NARROW)
    heard = Heard()
    searched(12, NARROW, "study.revise=true", heard=heard)
    assert any(line.startswith("Revision 1 of the search space, for the trials from 8 on; ") for line in heard.lines)
    study = read_study(folder)
    after = dropouts(folder)
    assert after[:8] == before
    assert all(value <= 0.3 for value in after[8:])
    assert [trial.number for trial in study.trials] == list(range(12))
    assert [trial.number for trial in study.trials if trial.infeasible] == far
    assert study.best is not None
    assert study.best.number not in far
    assert study.summary is not None
    assert study.summary.best is not None
    assert study.summary.best.trial == study.best.number
    assert study.summary.states[TrialState.COMPLETE] == 12
    (one,) = study.revisions
    assert (one.until, one.space) == (8, WIDE)
    page = write_report(study).read_text()
    assert "Search space 1 of 2: 8 trials, 0 to 7" in page
    assert "Search space 2 of 2: 4 trials, 8 to 11" in page
    # The same command again, with and without the key.
    searched(13, NARROW)
    assert len(read_study(folder).trials) == 13
    # Back again, and wider: nothing is outside.
    searched(14, WIDE, "study.revise=true")
    study = read_study(folder)
    assert not any(trial.infeasible for trial in study.trials)
    assert [one.until for one in study.revisions] == [8, 13]


def test_a_new_key_has_the_value_of_the_base_in_earlier_trials(searched: Callable[..., StudyFolder]) -> None:
    folder = searched(4, WIDE)
    searched(6, {**WIDE, "train.batch_size": "choice(32,64,128)"}, "study.revise=true")
    study = read_study(folder)
    assert {study.values_of(trial)["train.batch_size"] for trial in study.trials[:4]} == {
        str(read_yaml(folder.trial(1).config)["train"]["batch_size"])
    }
    assert not any(trial.infeasible for trial in study.trials)


def test_anything_else_is_another_study(searched: Callable[..., StudyFolder]) -> None:
    folder = searched(2, WIDE)
    with pytest.raises(UserError, match="was begun with another configuration"):
        searched(3, NARROW, "study.revise=true", "train.epochs=4")
    assert "revisions" not in read_yaml(folder.config)


@pytest.mark.parametrize("moment", ["move", "finish", "write_state"])
def test_a_kill_in_between_leaves_the_old_study_or_the_new(
    moment: str, searched: Callable[..., StudyFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = searched(8, WIDE)
    before = dropouts(folder)

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, moment, killed)
        with pytest.raises(KeyboardInterrupt):
            searched(8, NARROW, "study.revise=true")
    if moment == "move":
        searched(9, WIDE)  # it never happened
        assert not any(trial.infeasible for trial in read_study(folder).trials)
        return
    searched(9, NARROW)
    study = read_study(folder)
    assert [trial.number for trial in study.trials if trial.infeasible] == [
        number for number, value in enumerate(before) if value > 0.3
    ]
    assert len(study.revisions) == 1
    assert list(Path(folder.path).glob("study.journal.revision-*")) == []
