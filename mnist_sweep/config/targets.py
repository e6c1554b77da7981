"""Which functions a configuration may name: a configuration from elsewhere must not run code."""

import importlib
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mnist_sweep.config.check import shown
from mnist_sweep.config.errors import UserError

# Never more than one name behind a module: `keras.optimizers.x.y` could reach a module that this one imports (os, say).
OWN = {
    "data": r"mnist_sweep\.data\.(archive|digits|folder|csv)",
    "model": r"mnist_sweep\.models\.(blocks|cnn|dnn)",
    "train.loss": r"keras\.losses\.[A-Z]\w*",
    "optimizer": r"keras\.optimizers\."
    r"(Adadelta|Adafactor|Adagrad|Adam|AdamW|Adamax|Ftrl|Lamb|Lion|Muon|Nadam|RMSprop|SGD)",
    "sampler": r"optuna\.samplers\.[A-Z]\w*|mnist_sweep\.(search|study)\.(GridSampler|TPESampler)",
    "task": r"mnist_sweep\.tasks\.(ImageClassifier|Dry|Function)",
    "pruner": r"optuna\.pruners\.[A-Z]\w*|mnist_sweep\.search\.SuccessiveHalvingPruner",
}
WORDS = {
    "data": "mnist_sweep.data (archive, digits, folder, csv)",
    "model": "mnist_sweep.models (blocks, cnn, dnn)",
    "train.loss": "keras.losses (one of Keras's own classes)",
    "optimizer": "keras.optimizers (one of Keras's own)",
    "sampler": "optuna.samplers",
    "task": "mnist_sweep.tasks (ImageClassifier, Dry, Function)",
    "pruner": "optuna.pruners",
}
# Where the code of these names lies. The names themselves stay: they are part of every trial's seed, and stored in
# every study.
MOVED = {
    "mnist_sweep.data": "mnist_sweep.tasks.image_classifier.data",
    "mnist_sweep.models": "mnist_sweep.tasks.image_classifier.models",
    "mnist_sweep.study": "mnist_sweep.search",
}
# Classes of Keras that an argument may name: none of them runs code of a configuration.
NESTED = re.compile(r"keras\.(optimizers\.schedules|regularizers|initializers|constraints|losses)\.[A-Z]\w*")
LIBRARIES = ("mnist_sweep", "keras", "optuna")
_NAME = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*)+")


def _is_allowed(target: str, key: str, allowed: Iterable[str]) -> bool:
    return bool(re.fullmatch(OWN[key], target)) or any(target.startswith(f"{prefix}.") for prefix in allowed)


def _nested(value: Any, key: str) -> Iterable[tuple[str, Any]]:
    """Returns the nested keys that Hydra would act upon, with their values."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            if str(name).startswith("_"):
                yield f"{key}.{name}", item
            yield from _nested(item, f"{key}.{name}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _nested(item, f"{key}.{index}")


def _check_nested(path: str, value: Any, allowed: Sequence[str]) -> None:
    """Raises UserError for a nested key that begins with _, unless it names one of Keras's small classes."""
    if not path.endswith("._target_"):
        raise UserError(f"{path} is not allowed: of the keys that begin with _, only _target_ is")
    if not isinstance(value, str) or not (
        NESTED.fullmatch(value) or any(value.startswith(f"{prefix}.") for prefix in allowed)
    ):
        raise UserError(
            f"{path} is not allowed: it must name a class of keras.optimizers.schedules, keras.regularizers, "
            f"keras.initializers, keras.constraints or keras.losses, got {shown(value)}; a module of your own needs "
            "runtime.allowed_targets=[MODULE] on the command line"
        )


def check_target(section: Mapping[str, Any], key: str, allowed: Iterable[str]) -> str:
    """Returns a section's `_target_`.

    Args:
        section: The section, as plain data.
        key: Its key, for messages.
        allowed: The modules and names that a configuration may call.

    Raises:
        UserError: It is missing, not allowed, or not the only such key of the section.
    """
    target = section.get("_target_")
    if not isinstance(target, str) or not _NAME.fullmatch(target):
        raise UserError(f"{key}._target_ must be a function's name with its module, got {shown(target)}")
    allowed = list(allowed)
    for path, value in _nested(section, key):
        if path != f"{key}._target_":
            _check_nested(path, value, allowed)
    if not _is_allowed(target, key, allowed):
        module = target.rpartition(".")[0]
        raise UserError(
            f"{key}._target_ must be in {WORDS[key]}, got {target}; "
            f"if you trust it, add runtime.allowed_targets=[{module}] to the command line"
        )
    return target


def check_name(name: Any, key: str, allowed: Iterable[str]) -> None:
    """Raises UserError unless a name is that of an allowed module's function, such as `my_module.objective`."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise UserError(
            f"{key} must be a function's name with its module, such as my_module.objective, got {shown(name)}"
        )
    if not any(name.startswith(f"{prefix}.") for prefix in allowed):
        module = name.rpartition(".")[0]
        raise UserError(f"{key} is {name}: if you trust it, add runtime.allowed_targets=[{module}] to the command line")


def built(value: Any, key: str) -> Any:
    """Returns a checked argument with every nested `_target_` in it called with its own arguments.

    Args:
        value: The argument, as plain data.
        key: Its key, for messages.

    Raises:
        UserError: A class does not take its arguments.
    """
    if isinstance(value, list):
        return [built(item, f"{key}.{index}") for index, item in enumerate(value)]
    if not isinstance(value, Mapping):
        return value
    arguments = {name: built(item, f"{key}.{name}") for name, item in value.items() if name != "_target_"}
    if "_target_" not in value:
        return arguments
    try:
        return resolve(value["_target_"], f"{key}._target_")(**arguments)
    except (TypeError, ValueError) as error:
        reason = str(error).split("\n")[0]
        raise UserError(f"{key} ({value['_target_']}) can't be made: {reason}") from None


def resolve(target: str, key: str) -> Any:
    """Returns the function or class of a checked target.

    Args:
        target: Its name with its module.
        key: The key that names it, for messages.

    Raises:
        UserError: There is none of that name.
    """
    module, _, name = target.rpartition(".")
    module = MOVED.get(module, module)
    if module.partition(".")[0] not in LIBRARIES and str(Path.cwd()) not in sys.path:
        # a user's own module lies where the command is started
        sys.path.append(str(Path.cwd()))
    try:
        found = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name and not f"{module}.".startswith(f"{error.name}."):
            raise UserError(f"{key} names {target}, but {module} can't be imported: it needs {error.name}") from None
        if "is not a package" in str(error):  # a name within a class
            raise UserError(
                f"{key} must be a function at the top of a module, got {target}: {module} is no module"
            ) from None
        raise UserError(f"{key} names {target}, but there is no module {error.name}") from None
    except AttributeError:
        raise UserError(f"{key} names {target}, but {module} has no {name}") from None
    except UserError:  # such as a search that a script begins where it is imported
        raise
    except Exception as error:  # whatever a user's own module does when it is imported
        raise UserError(f"{key} names {target}, but {module} can't be imported: {error!r}") from None
    if not callable(found):
        raise UserError(f"{key} names {target}, which is not a function")
    return found
