"""A person's best guess."""

from typing import Any

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.config.domains import parse_domain
from mnist_sweep.config.prior import WIDTH, Prior, parse_prior

SPACE = {"model.dropout": "interval(0.0,0.5)", "optimizer": "choice(adam,sgd)", "model.units": "choice([8],[16,8])"}
DOMAINS = {key: [parse_domain(key, text)] for key, text in SPACE.items()}


def test_a_guess_has_a_value_and_a_width() -> None:
    nested = {"model": {"dropout": [0.2, 0.1], "units": [[16, 8], 0.5]}, "optimizer": "sgd"}
    assert parse_prior(nested, DOMAINS) == {
        "model.dropout": Prior("0.2", 0.1), "model.units": Prior("[16,8]", 0.5), "optimizer": Prior("sgd", WIDTH),
    }  # fmt: skip
    assert parse_prior({}, DOMAINS) == {}


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("model.dropuot", 0.2, r"search.prior.model.dropuot is not searched; did you mean model.dropout\?"),
        ("model.dropout", 0.7, "search.prior.model.dropout must lie in search.space, got 0.7"),
        ("model.dropout", [0.2], "must be a value, or a list of a value and its width from 0 to 1"),
        ("model.dropout", [0.2, 0], "its width from 0 to 1"),
        ("model.dropout", [0.2, True], "its width from 0 to 1"),
        ("optimizer", "lion", "search.prior.optimizer must lie in search.space, got lion"),
    ],
)
def test_a_wrong_guess_is_told(key: str, value: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse_prior({key: value}, DOMAINS)
