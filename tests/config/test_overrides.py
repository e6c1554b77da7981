"""What is searched is told apart from what is set."""

import pytest

from mnist_sweep.config.errors import UserError
from mnist_sweep.config.overrides import check_single, told_apart


def test_several_values_are_searched_and_one_is_set() -> None:
    found = told_apart([
        "model=cnn", "model.dropout=interval(0.0,0.5)", "search.space.train.batch_size=64", "~search.space.model.units",
        "optimizer=adam,sgd",
    ])  # fmt: skip
    assert found.overrides == ["model=cnn"]
    assert found.sweeps == {
        "model.dropout": "interval(0.0,0.5)", "train.batch_size": "64", "optimizer": "adam,sgd",
    }  # fmt: skip
    assert found.unsearched == ["model.units"]


def test_a_key_has_one_range() -> None:
    with pytest.raises(UserError, match=r"a\.b must have one range for the search, got 1,2 and choice\(3,4\)"):
        told_apart(["a.b=1,2", "a.b=choice(3,4)"])


def test_where_one_value_is_taken_several_are_refused() -> None:
    check_single(["model=cnn", "model.units=[3,4]"], "train")
    with pytest.raises(UserError, match=r"^model\.dropout must have one value for train, got 0\.1,0\.2; use sweep$"):
        check_single(["model=cnn", "model.dropout=0.1,0.2"], "train", "; use sweep")
