"""A trial's files on their way from the folder that a node trained in to the folder of its study."""

import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from mnist_sweep import files


def pack(folder: Path, without: str = "") -> dict[str, bytes]:
    """Returns the files of a folder, by their names relative to it; links and hidden files are left out.

    Args:
        folder: The folder.
        without: The name of a file that stays behind.
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if name.as_posix() == without or any(part.startswith(".") for part in name.parts):
            continue
        if path.is_file() and not path.is_symlink():
            found[name.as_posix()] = path.read_bytes()
    return found


def unpack(packed: Mapping[str, bytes], folder: Path) -> None:
    """Writes packed files into a folder, those of before replaced, and waits until they are on the disk.

    Raises:
        ValueError: A name leads out of the folder.
        OSError: They can't be written.
    """
    for name in packed:
        path = PurePosixPath(name)
        if path.is_absolute() or not path.parts or any(part.startswith(".") for part in path.parts):
            raise ValueError(f"a node has sent a file of the name {name!r}")
    for name, content in packed.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with files.replaced(target) as beside:
            beside.write_bytes(content)
    files.flush_to_disk(folder)


def scratch(folder: Path, ticket: int) -> Path:
    """Returns the folder within a trial's that one submission of it is trained in, where driver and node share it."""
    return folder / f".{ticket}"


def remove_scratch(folder: Path) -> None:
    """Removes what submissions that were given up have left in a trial's folder."""
    for path in folder.glob(".[0-9]*"):
        shutil.rmtree(path, ignore_errors=True)


def move_up(source: Path, folder: Path) -> None:
    """Moves what a trial has written into a folder that it lies in or beside, that of before replaced; copies nothing.

    Raises:
        OSError: It is not there any more, or can't be moved.
    """
    for path in sorted(source.iterdir()):
        target = folder / path.name
        if target.is_dir():
            shutil.rmtree(target)
        path.replace(target)
        path.unlink(missing_ok=True)  # two links to one file stay where they are
    source.rmdir()
