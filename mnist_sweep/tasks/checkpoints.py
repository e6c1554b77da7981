"""How a trial saves where it is, and goes on from there after it was lost, in whatever process and on whatever node."""

import hashlib
import json
import random
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mnist_sweep.config import TrialConfig, UserError
from mnist_sweep.config.kernels import given
from mnist_sweep.provenance import machine_class, source_digest, versions
from mnist_sweep.storage.checkpoint import Checkpoint, Position, read_checkpoint, write_checkpoint
from mnist_sweep.storage.history import is_history


def key_of(config: TrialConfig, data: Mapping[str, Any], sources: Mapping[str, str]) -> str:
    """Returns the SHA-256 of everything that the bits of a trial depend on: a checkpoint of another key is of no use.

    Args:
        config: The trial's configuration.
        data: The description of its data.
        sources: The digests of the modules of somebody's own.
    """
    parts = [config.plain(), data, sources, versions(), source_digest(), machine_class(), given()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=list).encode()).hexdigest()


def random_states() -> dict[str, list[Any]]:
    """Returns the states of the generators that a task finds seeded: Python's, and NumPy's if it is imported."""
    version, numbers, gauss = random.getstate()
    states: dict[str, list[Any]] = {"python": [version, list(numbers), gauss]}
    if numpy := sys.modules.get("numpy"):
        kind, keys, *others = numpy.random.get_state()
        states["numpy"] = [kind, keys.tolist(), *others]
    return states


def set_random_states(states: Mapping[str, Sequence[Any]]) -> None:
    """Sets the generators as `random_states` has found them.

    Raises:
        ValueError, TypeError: They are no states; nothing is set.
    """
    import numpy as np

    version, numbers, gauss = states["python"]
    python = (version, tuple(numbers), gauss)
    random.Random().setstate(python)  # noqa: S311 - whether it is one
    if "numpy" in states:
        np.random.RandomState().set_state(tuple(states["numpy"]))
        np.random.set_state(tuple(states["numpy"]))
    random.setstate(python)


def save(
    file: Path, key: str, rows: Sequence[Mapping[str, float]], named: Sequence[str], files: Mapping[str, bytes]
) -> None:
    """Writes a trial's checkpoint.

    Args:
        file: The trial's checkpoint.bin.
        key: Its key.
        rows: What it has reported.
        named: The files of its result; those that are there are saved too.
        files: What the task wants to find again.
    """
    contents = {name: (file.parent / name).read_bytes() for name in named if (file.parent / name).is_file()}
    position = Position(key, [dict(row) for row in rows], random_states(), list(named))
    write_checkpoint(file, Checkpoint(position, dict(files), contents))


def resume(file: Path, key: str) -> Checkpoint | None:
    """Returns a trial's checkpoint, None where there is none; one that can't be used is told in the log and removed.

    The random number generators and the files of the result are as they were.
    """
    try:
        found = read_checkpoint(file, key)
        _check(found)
        set_random_states(found.position.random)
    except FileNotFoundError:
        return None
    except (UserError, ValueError, TypeError, LookupError, OSError) as error:
        sys.stdout.write(f"begins at the start: {str(error).splitlines()[0]}\n")
        file.unlink(missing_ok=True)
        return None
    for name, content in found.named.items():
        (file.parent / name).write_bytes(content)
    return found


def _check(found: Checkpoint) -> None:
    """Raises ValueError where the content is none that a trial would have written."""
    if not is_history(found.position.rows):
        raise ValueError("checkpoint.bin has no history of epochs")
    if not set(found.named) <= set(found.position.named) or any(Path(name).name != name for name in found.named):
        raise ValueError("checkpoint.bin has files of other names")
