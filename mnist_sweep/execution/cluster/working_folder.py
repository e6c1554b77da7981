"""The folder of a user's own modules as it travels to the nodes, with what these read.

Not by Ray's `working_dir`: Ray removes the copy on a node when the driver that brought it is killed, even from under
the agent of a next one that brings the same.
"""

import io
import os
import sys
import zipfile
from collections.abc import Iterable, Iterator
from importlib.machinery import PathFinder
from pathlib import Path

from mnist_sweep.config import UserError

LARGEST_FILE = 5_000_000  # bytes; larger ones are data
LARGEST = 100_000_000  # bytes in all
OTHERS = ("pyvenv.cfg", "mlflow.db", "study.journal")  # folders that have one of these are not code


def folders_of(modules: Iterable[str]) -> list[Path]:
    """Returns the folders that modules are imported from, without those of installed ones; the working folder if none.

    Args:
        modules: Their names; they need not be there.
    """
    here = Path.cwd()
    found: dict[Path, None] = {}
    for name in modules:
        spec = PathFinder.find_spec(name.partition(".")[0], [*sys.path, str(here)])
        places = list(spec.submodule_search_locations or [spec.origin or ""]) if spec else []
        for place in places[:1]:
            folder = Path(place).absolute().parent
            if place and not folder.is_relative_to(sys.prefix) and not folder.is_relative_to(sys.base_prefix):
                found[folder] = None
    return list(found) or [here]


def _files(folder: Path) -> Iterator[Path]:
    """The files of a folder that travel."""
    for path, folders, names in os.walk(folder):
        if any(name in OTHERS for name in names):
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__pycache__")
        for name in sorted(names):
            file = Path(path, name)
            if not name.startswith(".") and file.is_file() and file.stat().st_size <= LARGEST_FILE:
                yield file


def pack_folders(folders: Iterable[Path]) -> bytes:
    """Returns folders as one zip file, without environments, studies, hidden files, caches and files of over 5 MB.

    Raises:
        UserError: They are too large to be folders of modules.
    """
    content, total = io.BytesIO(), 0
    taken: set[str] = set()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as packed:
        for folder in folders:
            for file in _files(folder):
                total += file.stat().st_size
                if total > LARGEST:
                    raise UserError(
                        f"runtime.allowed_targets: {folder} has more than {LARGEST / 1e6:.0f} MB in files of up to "
                        "5 MB, and would travel to every node: put your modules into a folder of their own"
                    )
                if (name := file.relative_to(folder).as_posix()) not in taken:
                    taken.add(name)
                    packed.write(file, name)
    return content.getvalue()


def unpack_folder(content: bytes, folder: Path) -> None:
    """Writes a packed folder, which may have no files, into a new one."""
    folder.mkdir()
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        packed.extractall(folder)  # zipfile drops what leads out of the folder
