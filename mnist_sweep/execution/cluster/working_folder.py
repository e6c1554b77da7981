"""The working folder as it travels to the nodes: a user's own modules, and what these read.

Not by Ray's `working_dir`: Ray removes the copy on a node when the driver that brought it is killed, even from under
the agent of a next one that brings the same.
"""

import io
import os
import zipfile
from pathlib import Path

from mnist_sweep.config import UserError

LARGEST_FILE = 5_000_000  # bytes; larger ones are data
LARGEST = 100_000_000  # bytes in all
OTHERS = ("pyvenv.cfg", "mlflow.db", "study.journal")  # folders that have one of these are not code


def pack_folder(folder: Path) -> bytes:
    """Returns a folder as a zip file, without environments, studies, hidden files, caches and files of over 5 MB.

    Raises:
        UserError: It is too large to be the folder of a module.
    """
    content, total = io.BytesIO(), 0
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        for path, folders, names in os.walk(folder):
            if any(name in OTHERS for name in names):
                folders.clear()
                continue
            folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__pycache__")
            for name in sorted(names):
                file = Path(path, name)
                if name.startswith(".") or not file.is_file() or file.stat().st_size > LARGEST_FILE:
                    continue
                total += file.stat().st_size
                if total > LARGEST:
                    raise UserError(
                        f"runtime.allowed_targets: the working folder, {folder}, has more than {LARGEST / 1e6:.0f} MB "
                        "in files of up to 5 MB, and would travel to every node: run the command in the folder of your "
                        "modules"
                    )
                packed.write(file, file.relative_to(folder).as_posix())
    return content.getvalue()


def unpack_folder(content: bytes, folder: Path) -> None:
    """Writes a packed folder, which may have no files, into a new one."""
    folder.mkdir()
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        packed.extractall(folder)
