"""The private names of Keras that this package uses; tests/tasks/image_classifier/test_keras_private.py checks it.

ArrayDataAdapter makes the batches of `fit` from arrays, in its order to the bit. `fit` itself would have TensorFlow
tune their making, in a thread that sleeps for up to a minute when training ends (see `training.batches`).
MODEL_MODULES are the private modules that a saved network names as those of its own class, OPERATION_MODULES those of
operations such as x[:, 0] or keras.ops.mean, none of which takes a function. DATA are the classes without a module by
which it marks plain data, such as the tensors between the layers of a functional network.
"""

from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter

__all__ = ["DATA", "MODEL_MODULES", "OPERATION_MODULES", "ArrayDataAdapter"]

MODEL_MODULES = ("keras.src.models.functional", "keras.src.models.sequential")
OPERATION_MODULES = tuple(f"keras.src.ops.{name}" for name in ("image", "linalg", "math", "nn", "numpy"))
DATA = ("__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__")
