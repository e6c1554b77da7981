"""Optuna's study is made, or opened where it lies."""

from pathlib import Path

import optuna
import pytest

from mnist_sweep.config import UserError
from mnist_sweep.search.opening import Opened, open_study


def opened(journal: Path | None, name: str = "mine") -> Opened:
    return open_study(journal, name, ["minimize", "maximize"], optuna.pruners.NopPruner())


def test_a_new_study_has_its_name_and_directions(tmp_path: Path) -> None:
    found = opened(tmp_path / "study.journal")
    assert (found.study.study_name, found.truncated) == ("mine", 0)
    assert [direction.name for direction in found.study.directions] == ["MINIMIZE", "MAXIMIZE"]
    assert found.storage.get_study_name_from_id(found.key) == "mine"


def test_a_renamed_folder_keeps_the_name_and_trials_of_its_study(tmp_path: Path) -> None:
    journal = tmp_path / "study.journal"
    opened(journal).study.add_trial(optuna.trial.create_trial(values=[1.0, 2.0]))
    again = opened(journal, "renamed")
    assert (again.study.study_name, len(again.study.trials)) == ("mine", 1)


def test_an_incomplete_last_line_is_cut_off_and_counted(tmp_path: Path) -> None:
    journal = tmp_path / "study.journal"
    opened(journal)
    with journal.open("a") as file:
        file.write('{"op_code": 4, "wor')
    assert opened(journal).truncated == len('{"op_code": 4, "wor')
    assert opened(journal).truncated == 0


def test_a_damaged_journal_is_refused_in_one_line(tmp_path: Path) -> None:
    journal = tmp_path / "study.journal"
    opened(journal)
    journal.write_text("no journal\n" + journal.read_text())
    with pytest.raises(UserError, match=r"study\.journal can't be read .*put back a copy, or use another study\.name"):
        opened(journal)


def test_a_study_in_memory_leaves_no_file(tmp_path: Path) -> None:
    opened(None)
    assert list(tmp_path.iterdir()) == []
