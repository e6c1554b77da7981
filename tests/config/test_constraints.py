"""Bounds of metrics, as they are written."""

import pytest

from mnist_sweep.config.constraints import excesses, parse_constraint, parse_constraints, violations
from mnist_sweep.config.errors import UserError
from mnist_sweep.config.image_classifier import METRICS
from mnist_sweep.config.metrics import MetricTable


@pytest.mark.parametrize(
    ("text", "met", "broken"),
    [
        ("parameters<=10000", [0, 10000], [10001, 1e9]),
        ("parameters < 1e4", [0, 9999], [10000, 10001]),
        ("val_accuracy>=0.9", [0.9, 1.0], [0.899, -1]),
        ("val_loss>0", [1e-300], [0, -1]),
        ("x<=0", [0, -5], [1e-12]),
    ],
)
def test_a_bound_is_met_or_not(text: str, met: list[float], broken: list[float]) -> None:
    one = parse_constraint(text)
    assert all(one.excess(value) <= 0 for value in met)
    assert all(one.excess(value) > 0 for value in broken)


def test_an_excess_is_relative_so_that_bounds_of_any_size_can_be_added() -> None:
    assert parse_constraint("parameters<=10000").excess(15000) == pytest.approx(0.5)
    assert parse_constraint("val_accuracy>=0.8").excess(0.4) == pytest.approx(0.5)
    assert parse_constraint("x<=0").excess(3) == 3


@pytest.mark.parametrize(
    "text", ["size", "size=5", "size==5", "size<=", "<=5", "a<=b", "a<=nan", "a<=inf", "a<=1 b<=2", 5, ""]
)
def test_what_is_no_comparison_is_told(text: object) -> None:
    with pytest.raises(UserError, match=r"^search.constraints must have comparisons such as parameters<=10000, got "):
        parse_constraint(text)  # type: ignore[arg-type]


def test_a_metric_must_be_one_of_a_trial() -> None:
    with pytest.raises(UserError, match=r"search.constraints: parametres is not a metric .* did you mean parameters\?"):
        parse_constraints(["parametres<=5"], METRICS)
    assert parse_constraints(["anything<=5"], MetricTable(is_open=True))[0].metric == "anything"


def test_what_is_not_met_is_said_with_its_value() -> None:
    found = parse_constraints(["parameters<=10000", "val_loss<0.1", "val_accuracy>0.5"], METRICS)
    metrics = {"parameters": 1796010.0, "val_loss": 0.25}
    assert violations(found, metrics) == [
        "parameters=1,796,010, not parameters<=10000",
        "val_loss=0.25, not val_loss<0.1",
    ]
    assert set(excesses(found, metrics)) == {"parameters<=10000", "val_loss<0.1"}
    assert violations(found, {"parameters": 5}) == []
