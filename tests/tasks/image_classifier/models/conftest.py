"""Keras in tests: quiet, on the processor, with one thread, as in a trial."""

import os
from collections.abc import Iterator

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras

from mnist_sweep.tasks.image_classifier.trial import use_one_thread

use_one_thread()


@pytest.fixture(autouse=True)
def the_precision_is_put_back() -> Iterator[None]:
    before = keras.config.dtype_policy()
    yield
    keras.config.set_dtype_policy(before)
    keras.backend.clear_session(free_memory=False)
