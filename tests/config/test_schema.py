"""Types and ranges of a trial's sections, and networks that would run out of pixels."""

import itertools
from dataclasses import asdict
from typing import Any

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.config.check import check
from mnist_sweep.config.schema import AdamArguments, DnnArguments, TrainConfig, check_cnn_shape

TRAIN = {"epochs": 3, "batch_size": 64, "loss": "categorical_crossentropy", "precision": "float32",
         "early_stopping_patience": None}  # fmt: skip
ADAM = {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}
CNN = {"filters_1": 2, "kernel_size_1": 3, "strides_1": 1, "padding_1": "same", "pool_size_1": 1,
       "filters_2": 2, "kernel_size_2": 3, "strides_2": 1, "padding_2": "same", "pool_size_2": 1,
       "dropout": 0.0, "dense_units": 8}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "content", "change", "message"),
    [
        (TrainConfig, TRAIN, {"epochs": 0}, "x.epochs must be at least 1, got 0"),
        (TrainConfig, TRAIN, {"epochs": True}, "x.epochs must be a whole number, got true"),
        (TrainConfig, TRAIN, {"batch_size": "64"}, "x.batch_size must be a whole number, got '64'"),
        (TrainConfig, TRAIN, {"batch_size": 1.5}, "x.batch_size must be a whole number, got 1.5"),
        (TrainConfig, TRAIN, {"precision": "float8"}, "x.precision must be one of float32, mixed_bfloat16, got float8"),
        (TrainConfig, TRAIN, {"early_stopping_patience": 0}, "x.early_stopping_patience must be at least 1, got 0"),
        (TrainConfig, TRAIN, {"epoch": 3}, "x.epoch is not a known key; did you mean x.epochs?"),
        (AdamArguments, ADAM, {"learning_rate": 0}, "x.learning_rate must be greater than 0.0, got 0"),
        (AdamArguments, ADAM, {"beta_1": 1.0}, "x.beta_1 must be less than 1.0, got 1.0"),
        (AdamArguments, ADAM, {"epsilon": float("inf")}, "x.epsilon must be a finite number, got inf"),
        (DnnArguments, {"units": [8], "dropout": 0.0}, {"units": []}, "x.units must be a list that is not empty, got"),
        (DnnArguments, {"units": [8], "dropout": 0.0}, {"units": [8, 0]}, "x.units.1 must be at least 1, got 0"),
    ],
)
def test_what_does_not_fit_is_named(kind: type, content: dict, change: dict[str, Any], message: str) -> None:
    check(kind, content, "x")
    with pytest.raises(UserError) as caught:
        check(kind, content | change, "x")
    assert str(caught.value).startswith(message)


def test_whole_numbers_are_numbers() -> None:
    assert check(AdamArguments, ADAM | {"learning_rate": 1}, "x").learning_rate == 1


def test_a_configuration_without_a_schedule_has_a_constant_rate() -> None:
    assert check(TrainConfig, TRAIN, "train").learning_rate_schedule == "constant"


def sides(size: int, padding: str, kernel: int, strides: int, pool: int) -> int:
    """How many positions a convolution and its pooling have along a side, counted one by one."""
    starts = range(0, size if padding == "same" else size - kernel + 1, strides)
    return len([first for first in range(0, len(starts), pool) if first + pool <= len(starts)])


@pytest.mark.parametrize("image", [(5, 5, 1), (4, 7, 3)])
def test_a_network_is_refused_where_nothing_is_left_of_the_image(image: tuple[int, int, int]) -> None:
    accepted = 0
    for padding, kernel, strides, pool, pool_2 in itertools.product(
        ("same", "valid"), (1, 3, 5, 6, 14, 15), (1, 2), (1, 2, 5), (1, 3)
    ):
        content = CNN | {"padding_1": padding, "kernel_size_1": kernel, "strides_1": strides, "pool_size_1": pool,
                         "pool_size_2": pool_2, "kernel_size_2": 1}  # fmt: skip
        left = [sides(sides(side, padding, kernel, strides, pool), "same", 1, 1, pool_2) for side in image[:2]]
        is_possible = min(left) > 0 and kernel <= 2 * max(image[:2])
        if is_possible:
            check_cnn_shape(content, image)
            accepted += 1
        else:
            with pytest.raises(UserError, match="must be at most"):
                check_cnn_shape(content, image)
    assert accepted > 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"padding_1": "valid", "kernel_size_1": 9}, "model.kernel_size_1 must be at most 8, the size of its input, "
                                                     "with model.padding_1=valid, got 9"),
        ({"kernel_size_2": 17}, "model.kernel_size_2 must be at most 16, twice the image, got 17"),
        ({"pool_size_1": 4, "pool_size_2": 3}, "model.pool_size_2 must be at most 2, the size of its input, got 3"),
    ],
)  # fmt: skip
def test_the_first_layer_that_does_not_fit_is_named(change: dict[str, Any], message: str) -> None:
    check_cnn_shape(CNN, (8, 8, 1))
    with pytest.raises(UserError) as caught:
        check_cnn_shape(CNN | change, (8, 8, 1))
    assert str(caught.value) == message


def test_what_is_checked_is_what_was_given() -> None:
    assert asdict(check(DnnArguments, {"units": [8, 4], "dropout": 0.5}, "model")) == {"units": [8, 4], "dropout": 0.5}
