"""What may be reported."""

import numpy as np
import pytest

from mnist_sweep.tasks.reported import number


@pytest.mark.parametrize("value", [1, 0.5, np.float64(2), np.array(3), np.int8(4)])
def test_numbers_of_every_kind_are_floats(value):
    assert number("x", value) == float(value)
    assert type(number("x", value)) is float
