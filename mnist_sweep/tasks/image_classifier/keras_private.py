"""The private names of Keras that this package uses; tests/tasks/image_classifier/test_keras_private.py checks it.

ArrayDataAdapter makes the batches of `fit` from arrays, in its order to the bit. `fit` itself would have TensorFlow
tune their making, in a thread that sleeps for up to a minute when training ends (see `training.batches`).
MODEL_MODULES are the private modules that a saved network names as those of its own class, OPERATION_MODULES those of
operations such as x[:, 0] or keras.ops.mean, none of which takes a function. DATA are the classes without a module by
which it marks plain data, such as the tensors between the layers of a functional network.
`all_layers` finds the layers within layers of anybody's own too, which `Model.layers` does not.
"""

import keras
from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter

__all__ = ["DATA", "MODEL_MODULES", "OPERATION_MODULES", "ArrayDataAdapter", "all_layers"]

MODEL_MODULES = ("keras.src.models.functional", "keras.src.models.sequential")
OPERATION_MODULES = tuple(f"keras.src.ops.{name}" for name in ("image", "linalg", "math", "nn", "numpy"))
DATA = ("__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__")


def all_layers(model: keras.Model) -> list[keras.Layer]:
    """Returns a network's layers, those within other layers too."""
    return list(model._flatten_layers(include_self=False))
