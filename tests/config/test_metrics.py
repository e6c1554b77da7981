"""Which way a metric is better, and what it is after some epochs."""

import random

import pytest

from mnist_sweep.config.metrics import CURVES, METRICS, PRIMARY, best_name, curve_best, objective, shown_curve

ROWS = [
    {"epoch": 1, "loss": 0.9, "accuracy": 0.5, "val_loss": 0.8, "val_accuracy": 0.6},
    {"epoch": 2, "loss": 0.5, "accuracy": 0.7, "val_loss": 0.4, "val_accuracy": 0.8},
    {"epoch": 3, "loss": 0.3, "accuracy": 0.9, "val_loss": 0.6, "val_accuracy": 0.8},
]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("loss", 0.3), ("best_loss", 0.3), ("accuracy", 0.9), ("val_loss", 0.6), ("best_val_loss", 0.4),
        ("val_accuracy", 0.8), ("best_val_accuracy", 0.8), ("parameters", None), ("best_epoch", None),
    ],
)  # fmt: skip
def test_a_metric_is_taken_from_its_curve(name: str, value: float | None) -> None:
    assert METRICS[name].of(ROWS) == value
    assert METRICS[name].of([]) is None


def test_a_curve_that_was_not_reported_has_no_value() -> None:
    assert METRICS["val_loss"].of([{"epoch": 1, "loss": 0.5}]) is None


def test_the_best_epoch_counts_from_1_and_is_the_first_of_equals() -> None:
    assert METRICS["best_val_accuracy"].best_epoch(ROWS) == 2
    assert METRICS["val_loss"].best_epoch(ROWS) == 2
    assert METRICS["best_loss"].best_epoch(ROWS) == 3


def test_accuracies_are_maximized_and_losses_minimized() -> None:
    for curve in CURVES:
        values = [row[curve] for row in ROWS]
        expected = min(values) if curve.endswith("loss") else max(values)
        assert curve_best(curve, ROWS) == expected == METRICS[best_name(curve)].of(ROWS)
    assert METRICS["val_accuracy"].better(0.9, 0.8)
    assert not METRICS["val_accuracy"].better(0.8, 0.8)
    assert METRICS["parameters"].better(10, 20)


def test_ranking_is_a_stable_sort_by_value() -> None:
    drawn = random.Random(0)
    trials = [(number, drawn.randrange(5) / 10) for number in range(40)]
    shuffled = drawn.sample(trials, len(trials))
    for name, reverse in (("val_accuracy", True), ("val_loss", False)):
        ranked = sorted(shuffled, key=lambda trial: METRICS[name].rank_key(trial[1], trial[0]))
        assert ranked == sorted(trials, key=lambda trial: trial[1], reverse=reverse)
        assert ranked[0][1] == METRICS[name].best(value for _, value in trials)


def test_a_search_may_turn_a_metric_round() -> None:
    turned = objective("val_accuracy", "minimize")
    assert turned.better(0.1, 0.2)
    assert turned.of(ROWS) == 0.8
    assert METRICS["val_accuracy"].direction == "maximize"
    with pytest.raises(KeyError):
        objective("no_such_metric", "minimize")


def test_counts_are_shown_without_decimals() -> None:
    assert METRICS["parameters"].format(1234567.0) == "1,234,567"
    assert METRICS["val_loss"].format(0.123456) == "0.1235"


def test_a_metric_without_a_curve_shows_the_primary_one() -> None:
    assert shown_curve(METRICS["parameters"]) == PRIMARY == "val_accuracy"
    assert shown_curve(METRICS["best_val_loss"]) == "val_loss"


def test_every_metric_is_named_once() -> None:
    assert all(metric.name == name for name, metric in METRICS.items())
    assert {best_name(curve) for curve in CURVES} <= set(METRICS)
