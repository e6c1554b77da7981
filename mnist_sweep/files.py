"""Atomic writes and validated reads."""

import contextlib
import errno
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeGuard

import yaml

from mnist_sweep.config.errors import UserError
from mnist_sweep.config.secrets import masked

LARGEST = 2_000_000  # bytes of a YAML or JSON file; ours have some thousands
DEEPEST = 50  # levels of a YAML file
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # no space, no quota, no larger file


def is_full(error: BaseException) -> bool:
    """Returns whether an error means a full disk; some libraries keep only the text of the error."""
    return isinstance(error, OSError) and (error.errno in FULL or "No space left on device" in str(error))


# A file that may not be read or written, or a file system that has gone away.
OF_MACHINE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ENODEV,
              errno.ENXIO, errno.ETIMEDOUT, errno.ELOOP, errno.ENAMETOOLONG, errno.EHOSTDOWN}  # fmt: skip


def is_of_machine(error: BaseException) -> TypeGuard[OSError]:
    """Returns whether an error is of a file or a file system, not of this package or of what was asked for."""
    return isinstance(error, OSError) and error.errno in OF_MACHINE


@contextlib.contextmanager
def replaced(file: Path) -> Iterator[Path]:
    """Yields a temporary path next to a file; it replaces the file at the end, or is removed after an exception."""
    beside = file.with_name(f".{os.getpid()}.{file.name}")  # the ending tells some libraries the format
    try:
        yield beside
        beside.replace(file)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def write_text(file: Path, text: str) -> None:
    """Writes a text atomically, its passwords masked: a reader sees the old file or the new one."""
    with replaced(file) as beside:
        beside.write_text(masked(text), encoding="utf-8")


def write_json(file: Path, content: Any) -> None:
    """Writes indented JSON atomically; raises ValueError for NaN and infinity."""
    write_text(file, json.dumps(content, indent=2, allow_nan=False) + "\n")


def write_yaml(file: Path, content: Any, header: str = "") -> None:
    """Writes YAML atomically, in the order of its keys.

    Args:
        file: Where it is written.
        content: Plain data.
        header: Lines of comments before it.
    """
    write_text(file, header + yaml.dump(content, Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=110))


def flush_to_disk(folder: Path) -> None:
    """Waits until all files of a folder are on the disk (fsync), so that they survive a power cut."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as opened:
                os.fsync(opened.fileno())


def read_bytes(file: Path) -> bytes:
    """Returns a file's content.

    Raises:
        UserError: The file is larger than any that this package writes.
    """
    if file.stat().st_size > LARGEST:
        raise UserError(f"{file} must have at most {LARGEST:,} bytes, got {file.stat().st_size:,}: it is none of ours")
    return file.read_bytes()


def read_json(file: Path) -> dict[str, Any]:
    """Returns the JSON object of a file.

    Raises:
        UserError: The file is missing, damaged or holds something else.
    """
    try:
        content = json.loads(read_bytes(file).decode())
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{file} can't be read: {error}") from None
    if not isinstance(content, dict):
        raise UserError(f"{file} must hold a JSON object, got {type(content).__name__}")
    return content


def read_json_or_empty(file: Path) -> dict[str, Any]:
    """Returns the JSON object of a file, an empty one where the file is missing or damaged."""
    try:
        return read_json(file)
    except UserError:
        return {}


_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def _check_tokens(file: Path, text: str) -> None:
    """Raises UserError for tags, for anchors, by which a small file can unfold to a huge one, and for deep nesting."""
    depth = 0
    for token in yaml.scan(text, Loader=_LOADER):
        kind = type(token).__name__
        depth += kind.endswith("StartToken") - kind.endswith("EndToken")
        if depth > DEEPEST or kind in ("AliasToken", "AnchorToken", "TagToken"):
            what = kind.removesuffix("Token").lower() if depth <= DEEPEST else f"more than {DEEPEST} levels"
            raise UserError(f"{file} must be plain YAML, but has {what} in line {token.start_mark.line + 1}")


def _load_yaml(file: Path) -> Any:
    try:
        text = read_bytes(file).decode()
        _check_tokens(file, text)
        return yaml.load(text, Loader=_LOADER)  # noqa: S506 - it is a safe loader
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise UserError(f"{file} can't be read: {' '.join(str(error).split())[:200]}") from None


def read_yaml(file: Path) -> dict[str, Any]:
    """Returns the YAML mapping of a file, without tags, anchors and interpolation.

    Raises:
        UserError: The file is missing, damaged or holds something else.
    """
    content = _load_yaml(file)
    if not isinstance(content, Mapping):
        raise UserError(f"{file} must hold a mapping, got {type(content).__name__}")
    return {str(key): value for key, value in content.items()}


def read_yaml_list(file: Path) -> list[Any]:
    """Returns the YAML list of a file, as `read_yaml` does."""
    content = _load_yaml(file)
    if not isinstance(content, list):
        raise UserError(f"{file} must hold a list, got {type(content).__name__}")
    return content
