"""The private names of Keras that this package uses; tests/tasks/image_classifier/test_keras_private.py checks it.

ArrayDataAdapter makes the batches of `fit` from arrays, in its order to the bit. `fit` itself would have TensorFlow
tune their making, in a thread that sleeps for up to a minute when training ends (see `training.batches`).
MODEL_MODULES are the private modules that a saved network names as those of its own class.
"""

from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter

__all__ = ["MODEL_MODULES", "ArrayDataAdapter"]

MODEL_MODULES = ("keras.src.models.functional", "keras.src.models.sequential")
