"""Which modules of somebody's own a configuration names, and what is in their files: nothing is imported."""

import hashlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mnist_sweep.config.targets import LIBRARIES

NAMES = ("_target_", "function")  # the keys that name a function or a class


def _named(content: Any) -> Iterator[str]:
    """Yields the names of functions and classes in a configuration."""
    if isinstance(content, Mapping):
        for key, value in content.items():
            if key in NAMES and isinstance(value, str):
                yield value
            else:
                yield from _named(value)
    elif isinstance(content, list):
        for value in content:
            yield from _named(value)


def _file(module: str) -> Path | None:
    """Returns where a module would be imported from, None where it is not found as a file."""
    path = Path(*module.split("."))
    for folder in (*sys.path, str(Path.cwd())):
        for file in (Path(folder) / path.with_suffix(".py"), Path(folder) / path / "__init__.py"):
            if file.is_file():
                return file
    return None


def sources(config: Mapping[str, Any]) -> dict[str, str]:
    """Returns the SHA-256 of the source of each module of somebody's own that a configuration names, by module.

    Only these modules themselves count, not what they import.

    Args:
        config: The configuration, as plain data.
    """
    modules = sorted({name.rpartition(".")[0] for name in _named({key: value for key, value in config.items()
                                                                  if key != "params"})})  # fmt: skip
    found = {}
    for module in modules:
        if module and module.partition(".")[0] not in LIBRARIES and (file := _file(module)) is not None:
            found[module] = hashlib.sha256(file.read_bytes()).hexdigest()
    return found
