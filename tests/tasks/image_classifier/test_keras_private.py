"""The private name of Keras that is used: a failure here says what a new Keras has changed."""

import inspect

import keras
import numpy as np
import pytest


def test_the_adapter_takes_arrays_and_makes_batches_in_order() -> None:
    said = (
        f"Keras {keras.__version__} has changed ArrayDataAdapter, by which training.batches makes the batches of `fit`"
    )
    try:
        from mnist_sweep.tasks.image_classifier import keras_private
    except ImportError:
        pytest.fail(said)
    assert {"x", "y", "batch_size", "shuffle"} <= set(inspect.signature(keras_private.ArrayDataAdapter).parameters), (
        said
    )
    adapter = keras_private.ArrayDataAdapter(np.arange(5.0), np.arange(5), batch_size=2, shuffle=False)
    batches = [images.numpy().tolist() for images, _ in adapter.get_tf_dataset()]
    assert batches == [[0, 1], [2, 3], [4]], said


def test_a_saved_network_marks_plain_data() -> None:
    from mnist_sweep.tasks.image_classifier.keras_private import DATA

    values = [keras.Input((2,)), keras.ops.ones(2), np.ones(2), b"1", ..., slice(1)]
    found = [keras.saving.serialize_keras_object(value) for value in values]
    assert [(one.get("module"), one["class_name"]) for one in found] == [(None, name) for name in DATA], (
        f"Keras {keras.__version__} marks plain data otherwise, and models/load.py would refuse it"
    )


def test_a_saved_network_names_the_modules_of_its_class() -> None:
    from mnist_sweep.tasks.image_classifier.keras_private import MODEL_MODULES

    inputs = keras.Input((2,))
    models = (keras.Model(inputs, keras.layers.Dense(1)(inputs)), keras.Sequential([inputs]))
    found = {keras.saving.serialize_keras_object(model)["module"] for model in models}
    assert found <= {*MODEL_MODULES, "keras", "keras.models"}, (
        f"Keras {keras.__version__} names other modules in a saved network, which models/load.py would refuse: {found}"
    )


def test_a_saved_network_names_the_modules_of_its_operations() -> None:
    from mnist_sweep.tasks.image_classifier.keras_private import OPERATION_MODULES

    inputs, ops = keras.Input((4, 4, 1)), keras.ops
    found = [inputs[:, 0], ops.relu(inputs), ops.erf(inputs), ops.norm(inputs), ops.image.resize(inputs, (2, 2))]
    layers = keras.saving.serialize_keras_object(keras.Model(inputs, found))["config"]["layers"]
    modules = {layer["module"] for layer in layers} - {"keras.layers"}
    assert modules == set(OPERATION_MODULES), (
        f"Keras {keras.__version__} names other modules for operations, which models/load.py would refuse: {modules}"
    )


def test_the_layers_within_layers_are_found() -> None:
    from mnist_sweep.tasks.image_classifier.keras_private import all_layers

    class Own(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.within = [keras.layers.BatchNormalization()]

        def call(self, inputs):
            return self.within[0](inputs)

    inner = keras.Sequential([keras.Input((2,)), Own()])
    found = [type(layer).__name__ for layer in all_layers(keras.Sequential([keras.Input((2,)), inner]))]
    assert found.count("BatchNormalization") == 1, (
        f"Keras {keras.__version__} has changed Layer._flatten_layers, by which averaging.py finds normalizations"
    )
