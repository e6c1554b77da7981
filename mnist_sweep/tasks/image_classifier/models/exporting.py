"""Writes a network as a SavedModel or as ONNX, by Keras's own export."""

from pathlib import Path
from typing import Literal

import keras

from mnist_sweep.config import UserError


def write(model: keras.Model, into: Path, form: Literal["tf_saved_model", "onnx"]) -> None:
    """Writes a network.

    Args:
        model: The network, with images of any number as its input.
        into: The folder of a SavedModel, or the ONNX file; neither may be there.
        form: What is written.

    Raises:
        UserError: A package is missing.
    """
    model(keras.ops.zeros((1, *model.input_shape[1:])))  # Keras exports as ONNX what has been called
    try:
        model.export(into, format=form, verbose=False)
    except ImportError as error:
        reason = str(error).strip().split("\n")[0]
        raise UserError(f"ONNX needs further packages: pip install 'mnist_sweep[onnx]' ({reason})") from None
