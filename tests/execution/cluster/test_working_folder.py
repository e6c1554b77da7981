"""A user's modules travel; their environments, studies and data do not."""

from pathlib import Path

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.execution.cluster import working_folder
from mnist_sweep.execution.cluster.working_folder import LARGEST_FILE, folders_of, pack_folders, unpack_folder


def test_what_travels(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    for name in ("my_module.py", "package/part.py", "package/table.csv", ".git/config", ".hidden", "runs/mlflow.db",
                 "runs/it/config.yaml", "environment/pyvenv.cfg", "environment/lib/x.py", "a/__pycache__/x.pyc",
                 "moved/study.journal", "moved/trials/0000/log.txt"):  # fmt: skip
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name)
    (source / "large.npz").write_bytes(b"0" * (LARGEST_FILE + 1))
    unpack_folder(pack_folders([source]), target)
    found = sorted(path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file())
    assert found == ["my_module.py", "package/part.py", "package/table.csv"]
    assert (target / "package/part.py").read_text() == "package/part.py"


def test_an_empty_folder_is_one(tmp_path: Path) -> None:
    unpack_folder(pack_folders([tmp_path]), tmp_path / "target")
    assert (tmp_path / "target").is_dir()


def test_a_folder_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working_folder, "LARGEST", 10)
    (tmp_path / "module.py").write_text("x = 1234567")
    with pytest.raises(UserError, match=f"{tmp_path} has more than"):
        pack_folders([tmp_path])


def test_the_folders_are_those_of_the_modules_wherever_the_command_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("here/mine.py", "there/package_of_mine/__init__.py", "there/package_of_mine/part.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.syspath_prepend(str(tmp_path / "there"))
    assert folders_of(["mine"]) == [tmp_path / "here"]
    assert folders_of(["package_of_mine.part", "mine"]) == [tmp_path / "there", tmp_path / "here"]
    assert folders_of(["numpy", "json", "not_there"]) == [tmp_path / "here"]  # installed ones are on the nodes


def test_of_two_files_of_one_name_the_first_counts(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.py").write_text(name)
    unpack_folder(pack_folders([tmp_path / "a", tmp_path / "b"]), tmp_path / "target")
    assert (tmp_path / "target/mine.py").read_text() == "a"
