"""Checkpoints on their way between the driver's folder and those of nodes."""

import os
from pathlib import Path

import pytest

from mnist_sweep.execution.cluster import checkpoints
from mnist_sweep.execution.cluster.checkpoints import NAME, Pace, link, move, put, read, rescue


def test_what_was_put_is_read(tmp_path: Path) -> None:
    assert read(tmp_path / "0003") is None
    put(b"one", tmp_path / "0003")
    put(b"two", tmp_path / "0003")
    assert read(tmp_path / "0003") == b"two"
    assert [path.name for path in (tmp_path / "0003").iterdir()] == [NAME]


def test_no_more_is_sent_than_the_network_should_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(checkpoints, "BYTES_PER_SECOND", 2.0)
    pace = Pace(lambda: now[0])
    assert pace.content(tmp_path) is None  # there is none, which takes no time
    put(b"four", tmp_path)
    assert pace.content(tmp_path) == b"four"
    now[0] = 1.9
    assert pace.content(tmp_path) is None
    now[0] = 2.0
    assert pace.content(tmp_path) == b"four"


def test_on_a_shared_disk_nothing_is_copied(tmp_path: Path) -> None:
    put(b"one", tmp_path)
    scratch = tmp_path / ".17"
    link(tmp_path, scratch)
    assert (scratch / NAME).stat().st_ino == (tmp_path / NAME).stat().st_ino
    rescue(tmp_path)  # it is the same one
    assert read(scratch) == b"one"
    put(b"two", scratch)
    for _ in range(2):
        move(scratch, tmp_path)
    assert (read(tmp_path), read(scratch)) == (b"two", None)


def test_a_trial_that_begins_has_none_to_link(tmp_path: Path) -> None:
    link(tmp_path, tmp_path / ".17")
    assert read(tmp_path / ".17") is None
    assert (tmp_path / ".17").is_dir()


@pytest.mark.parametrize(("newest", "expected"), [(".18", b".18"), (NAME, b"own")])
def test_of_what_was_lost_the_newest_is_rescued(tmp_path: Path, newest: str, expected: bytes) -> None:
    put(b"own", tmp_path)
    for name in (".17", ".18", ".hidden"):
        put(name.encode(), tmp_path / name)
        os.utime(tmp_path / name / NAME, (1e9, 1e9))
    os.utime(tmp_path / NAME, (1e9, 1e9))
    os.utime(tmp_path / newest / NAME if newest != NAME else tmp_path / NAME, (2e9, 2e9))
    rescue(tmp_path)
    assert read(tmp_path) == expected
