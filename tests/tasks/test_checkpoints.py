"""What a checkpoint keeps besides a task's files, and when it is of no use."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnist_sweep.config import parse_trial
from mnist_sweep.storage.checkpoint import Checkpoint, Position, write_checkpoint
from mnist_sweep.tasks import checkpoints
from mnist_sweep.tasks.checkpoints import key_of, random_states, resume, save, set_random_states

ROWS = [{"epoch": 1.0, "loss": 0.5, "seconds": 1.0, "timestamp": 2.0}]


def config_of(seed: int = 0) -> Any:
    plain = {"task": {"_target_": "mnist_sweep.tasks.Function", "function": "mine.f"}, "params": {"x": 1.0},
             "study": {"seed": seed}}  # fmt: skip
    return parse_trial(plain, ["mine"])


def test_the_key_has_all_that_the_bits_depend_on(monkeypatch: pytest.MonkeyPatch) -> None:
    first = key_of(config_of(), {"digest": "d"}, {"mine": "m"})
    assert key_of(config_of(), {"digest": "d"}, {"mine": "m"}) == first
    others = [key_of(config_of(1), {"digest": "d"}, {"mine": "m"}), key_of(config_of(), {"digest": "e"}, {"mine": "m"}),
              key_of(config_of(), {"digest": "d"}, {"mine": "n"})]  # fmt: skip
    for name, value in (("machine_class", "other"), ("source_digest", "other"), ("versions", {"keras": "4"})):
        with monkeypatch.context() as patch:
            patch.setattr(checkpoints, name, lambda value=value: value)
            others.append(key_of(config_of(), {"digest": "d"}, {"mine": "m"}))
    assert len({first, *others}) == len(others) + 1


def test_random_numbers_go_on_as_they_would_have(tmp_path: Path) -> None:
    random.gauss(0, 1)  # it keeps a second number
    np.random.normal()
    save(tmp_path / "checkpoint.bin", "key", ROWS, [], {"a": b"b"})
    expected = [random.gauss(0, 1), random.random(), np.random.normal(), np.random.random()]
    random.seed(1)
    np.random.seed(1)
    found = resume(tmp_path / "checkpoint.bin", "key")
    assert found is not None
    assert (found.files, found.position.rows) == ({"a": b"b"}, ROWS)
    assert [random.gauss(0, 1), random.random(), np.random.normal(), np.random.random()] == expected


def test_files_of_the_result_are_there_again(tmp_path: Path) -> None:
    (tmp_path / "mine.bin").write_bytes(b"half")
    save(tmp_path / "checkpoint.bin", "key", ROWS, ["mine.bin", "later.bin"], {})
    (tmp_path / "mine.bin").unlink()
    found = resume(tmp_path / "checkpoint.bin", "key")
    assert found is not None
    assert found.position.named == ["mine.bin", "later.bin"]
    assert (tmp_path / "mine.bin").read_bytes() == b"half"


@pytest.mark.parametrize(
    ("rows", "named", "states"),
    [
        ([], {}, random_states()),
        ([{**ROWS[0], "epoch": 2.0}, ROWS[0]], {}, random_states()),
        ([{"epoch": 1.0}], {}, random_states()),
        (ROWS, {"../outside": b""}, random_states()),
        (ROWS, {}, {"python": [3, [1, 2], None]}),
        (ROWS, {}, {}),
        (ROWS, {}, {**random_states(), "numpy": ["MT19937", [1, 2], 0, 0, 0.0]}),
    ],
)
def test_what_no_trial_has_written_is_of_no_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: list[dict[str, float]], named: dict[str, bytes],
    states: dict[str, list[Any]],
) -> None:  # fmt: skip
    file = tmp_path / "checkpoint.bin"
    before = random_states()
    write_checkpoint(file, Checkpoint(Position("key", rows, states, list(named)), {}, named))
    assert resume(file, "key") is None
    assert capsys.readouterr().out.startswith("begins at the start: ")
    assert not file.exists()
    assert random_states() == before
    assert not (tmp_path.parent / "outside").exists()


def test_a_truncated_one_is_told_in_one_line_and_removed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "checkpoint.bin"
    save(file, "key", ROWS, [], {"a": b"b"})
    file.write_bytes(file.read_bytes()[:-1])
    assert resume(file, "key") is None
    assert capsys.readouterr().out == "begins at the start: checkpoint.bin is damaged: its digest is another one\n"
    assert resume(file, "key") is None
    assert capsys.readouterr().out == ""


def test_states_are_set_together_or_not_at_all() -> None:
    before = random_states()
    with pytest.raises((ValueError, TypeError, LookupError)):
        set_random_states({"python": before["python"], "numpy": ["nothing"]})
    assert random_states() == before
