"""Loads a saved network, provided that it has only Keras's own layers and operations: others could run code."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras

from mnist_sweep.config import UserError
from mnist_sweep.tasks.image_classifier.keras_private import DATA, MODEL_MODULES, OPERATION_MODULES

LARGEST = 10_000_000  # bytes of a network's description
# Modules whose classes a network may have, and those of their classes that run code from the file.
STOCK = ("keras", "keras.layers", "keras.initializers", "keras.regularizers", "keras.constraints", "keras.activations",
         "keras.dtype_policies", "keras.models", "builtins", *MODEL_MODULES, *OPERATION_MODULES)  # fmt: skip
NOT_STOCK = ("Lambda", "TorchModuleWrapper", "TFSMLayer", "JaxLayer", "FlaxLayer")


def _classes(content: Any) -> Iterator[tuple[str, str]]:
    """Module and name of every class in a network's description; plain data is none."""
    if isinstance(content, dict):
        if "class_name" in content and not (content.get("module") is None and content["class_name"] in DATA):
            yield str(content.get("module")), str(content["class_name"])
        for item in content.values():
            yield from _classes(item)
    elif isinstance(content, list):
        for item in content:
            yield from _classes(item)


def _check(file: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        if archive.getinfo("config.json").file_size > LARGEST:
            raise ValueError(f"its config.json has more than {LARGEST:,} bytes")
        content = json.loads(archive.read("config.json"))
    content.pop("compile_config", None)  # how it was trained: not read with compile=False
    for module, name in _classes(content):
        if module not in STOCK or name in NOT_STOCK:
            raise ValueError(f"it has a {name} of {module}, which is not one of Keras's own layers and could run code")


def load(file: Path) -> keras.Model:
    """Returns the network of a .keras file, not compiled.

    Raises:
        UserError: The file is damaged, or has layers that could run code.
    """
    try:
        _check(file)
        model = keras.models.load_model(file, compile=False, safe_mode=True)
    except Exception as error:
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise UserError(f"{file} can't be loaded: {reason}") from None
    if not isinstance(model, keras.Model):
        raise UserError(f"{file} must hold a network, got {type(model).__name__}")
    return model
