"""Journals truncated at every byte of their end."""

from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from mnist_sweep.search.journal_repair import repair


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    file = tmp_path / "study.journal"
    study = optuna.create_study(storage=JournalStorage(JournalFileBackend(str(file))), study_name="mine")
    for _ in range(2):
        trial = study.ask({"x": optuna.distributions.FloatDistribution(0, 1)})
        study.tell(trial, 0.5)
    return file


def trials(file: Path) -> list:
    return optuna.load_study(storage=JournalStorage(JournalFileBackend(str(file))), study_name="mine").trials


def test_a_whole_journal_is_left_alone(journal: Path) -> None:
    before = journal.read_bytes()
    assert repair(journal) == 0
    assert journal.read_bytes() == before
    assert repair(journal.with_name("none")) == 0


def test_a_journal_torn_anywhere_in_its_last_line_loses_that_alone(journal: Path) -> None:
    whole = journal.read_bytes()
    *lines, last = whole.splitlines(keepends=True)
    for length in range(len(last)):
        journal.write_bytes(b"".join(lines) + last[:length])
        assert repair(journal) == length
        assert journal.read_bytes() == b"".join(lines)
        assert [trial.state.name for trial in trials(journal)] == ["COMPLETE", "RUNNING"]


@pytest.mark.parametrize("tail", [b"\0" * 4096, b"\n", b"5\n", b'{"a": 1}', b"\xff\xfe\n\xff"])
def test_what_follows_the_last_whole_line_is_kept_beside(journal: Path, tail: bytes) -> None:
    whole = journal.read_bytes()
    journal.write_bytes(whole + tail)
    assert repair(journal) == len(tail)
    assert journal.read_bytes() == whole
    assert journal.with_name("study.journal.truncated").read_bytes() == tail + b"\n"
    assert len(trials(journal)) == 2


def test_a_file_that_is_no_journal_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "study.journal"
    file.write_text("my diary\n")
    assert repair(file) == 0
    assert file.read_text() == "my diary\n"
