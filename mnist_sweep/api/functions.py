"""A function of one's own, handed over directly, as what a configuration says of it: its name."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mnist_sweep.config import UserError
from mnist_sweep.config.check import shown
from mnist_sweep.config.domains import as_literal

PARAMS = "params."


def name_of(function: Callable[..., Any]) -> str:
    """Returns the name by which a trial's process imports a function.

    Raises:
        UserError: It can't be imported there; the message says what to do.
    """
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
    if not module or not name.isidentifier():
        raise UserError(
            "task must be a function at the top of a module, which a trial's process can import, or its name such as "
            f"'my_module.objective', got {shown(repr(function))}"
        )
    if module == "__main__":
        main = sys.modules["__main__"]
        file = getattr(main, "__file__", None)
        if file is None or not Path(file).is_file():
            raise UserError(
                f"task: {name} was defined in a notebook or an interpreter, where no trial can import it; write it "
                f"into a module (in a notebook: %%writefile my_{name}.py) and import it from there"
            )
        started_as = getattr(main, "__spec__", None)  # by `python -m package.module`
        module = started_as.name if started_as else Path(file).stem
        if not all(part.isidentifier() for part in module.split(".")):
            raise UserError(f"task: {name} lies in {file}, which can't be imported by that name; rename the file")
    return f"{module}.{name}"


def of_function(function: Callable[..., Any] | str) -> list[str]:
    """Returns the overrides that make a function the task, or one that is named with its module."""
    name = function if isinstance(function, str) else name_of(function)
    module = name.rpartition(".")[0]
    return ["task=function", f"task.function={name}", f"runtime.allowed_targets=[{module}]"]


def _literal(key: str, value: Any) -> str:
    if not (value is None or isinstance(value, bool | int | float | str | list | tuple | dict)):
        raise UserError(
            f"space: {key} must have numbers, texts, true, false or lists of them, got {shown(repr(value))}"
        )
    return as_literal(value)


def of_space(space: Mapping[str, Any]) -> list[str]:
    """Returns a search space as overrides: a key without a dot is one of `params`; a list is a choice.

    Raises:
        UserError: A key is no text.
    """
    if not isinstance(space, Mapping):
        raise UserError(f"space must be a dictionary such as {{'x': 'interval(0.0,1.0)'}}, got {shown(repr(space))}")
    texts = []
    for key, given in space.items():
        domain = given.tolist() if hasattr(given, "tolist") else given  # of NumPy: an array, or a number
        if not isinstance(key, str):
            raise UserError(f"space must have keys that are texts, got {key!r}")
        if isinstance(domain, list | tuple | range):
            text = f"choice({','.join(_literal(key, item) for item in domain)})"
        else:
            text = domain if isinstance(domain, str) else _literal(key, domain)
        texts.append(f"{key if '.' in key else PARAMS + key}={text}")
    return texts
