"""A checkpoint on the disk: what was written comes back, and anything else is refused in one line."""

from dataclasses import replace
from pathlib import Path

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.storage.checkpoint import Checkpoint, Position, read_checkpoint, write_checkpoint

ROWS = [{"epoch": 1.0, "loss": 0.1 + 0.2, "seconds": 1.5, "timestamp": 1e9 + 1 / 3}]
POSITION = Position("a key", ROWS, {"python": [3, [1, 2], None]}, ["mine.bin"])
CHECKPOINT = Checkpoint(POSITION, {"weights": bytes(range(256)), "empty": b""}, {"mine.bin": b"\n\n"})


@pytest.fixture
def written(tmp_path: Path) -> Path:
    file = tmp_path / "checkpoint.bin"
    write_checkpoint(file, replace(CHECKPOINT, files={"weights": b"older"}))
    write_checkpoint(file, CHECKPOINT)
    assert list(tmp_path.iterdir()) == [file]
    return file


def test_what_was_written_is_read(written: Path) -> None:
    assert read_checkpoint(written, "a key") == CHECKPOINT


def test_there_may_be_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_checkpoint(tmp_path / "checkpoint.bin", "a key")


def test_one_of_another_trial_is_of_no_use(written: Path) -> None:
    with pytest.raises(UserError, match="of another configuration, other versions or another class of machine"):
        read_checkpoint(written, "another key")


def test_a_damaged_one_is_refused_wherever_the_damage_is(written: Path) -> None:
    content = written.read_bytes()
    for end in (0, 10, 60, 100, 300, len(content) - 1):
        written.write_bytes(content[:end])
        with pytest.raises(UserError, match=r"is no checkpoint|is damaged"):
            read_checkpoint(written, "a key")
    for place in range(0, len(content), 7):
        changed = bytearray(content)
        changed[place] ^= 1
        written.write_bytes(bytes(changed))
        with pytest.raises(UserError, match=r"is no checkpoint|is damaged"):
            read_checkpoint(written, "a key")


@pytest.mark.parametrize("content", [b"\x80\x04K\x01.", b"PK\x03\x04", b"mnist_sweep checkpoint 1 \n{}\n"])
def test_something_else_is_refused(written: Path, content: bytes) -> None:
    written.write_bytes(content)
    with pytest.raises(UserError, match=r"is no checkpoint|is damaged"):
        read_checkpoint(written, "a key")
