"""A trial's files come to their folder as they were, and nowhere else."""

from pathlib import Path

import pytest

from mnist_sweep.execution.cluster.packing import move_up, pack, remove_scratch, scratch, unpack


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    folder = tmp_path / "trained"
    (folder / "figures").mkdir(parents=True)
    (folder / "figures/curves.png").write_bytes(b"\x89PNG")
    (folder / "history.csv").write_text("epoch\n1\n")
    return folder


def test_what_is_packed_is_unpacked(trained: Path, tmp_path: Path) -> None:
    (trained / ".lock").touch()
    (trained / "link").symlink_to("/etc/hostname")
    packed = pack(trained)
    assert list(packed) == ["figures/curves.png", "history.csv"]
    target = tmp_path / "0001"
    target.mkdir()
    (target / "history.csv").write_text("what the driver has written so far")
    unpack(packed, target)
    assert (target / "history.csv").read_text() == "epoch\n1\n"
    assert pack(target) == packed


@pytest.mark.parametrize("name", ["../outside", "/etc/outside", "a/../../outside", ".hidden", ""])
def test_a_file_that_would_leave_its_folder_is_refused_with_all_others(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="has sent a file of the name"):
        unpack({"log.txt": b"", name: b"x"}, tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_was_written_beside_is_moved_up(trained: Path, tmp_path: Path) -> None:
    inner = trained.rename(tmp_path / "0001-7")
    target = tmp_path / "0001"
    (target / "figures").mkdir(parents=True)
    (target / "figures/old.png").touch()
    (target / "config.yaml").write_text("the driver's")
    expected = pack(inner)
    move_up(inner, target)
    assert pack(target) == {**expected, "config.yaml": b"the driver's"}
    assert not inner.exists()
    with pytest.raises(FileNotFoundError):
        move_up(inner, target)


def test_what_was_given_up_is_removed(trained: Path) -> None:
    scratch(trained, 12).mkdir()
    (scratch(trained, 12) / "history.csv").touch()
    (trained / ".lock").touch()
    remove_scratch(trained)
    assert sorted(path.name for path in trained.iterdir()) == [".lock", "figures", "history.csv"]


def test_a_file_may_stay_behind(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    assert pack(tmp_path, without="a") == {"b": b"b"}


def test_what_is_linked_to_is_moved_too(tmp_path: Path) -> None:
    (tmp_path / ".17").mkdir()
    (tmp_path / "a").write_text("one file")
    (tmp_path / ".17/a").hardlink_to(tmp_path / "a")
    move_up(tmp_path / ".17", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
