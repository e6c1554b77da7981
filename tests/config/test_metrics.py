"""Which way a metric is better, and what it is after some epochs."""

import random

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.config.image_classifier import CURVES, PRIMARY
from mnist_sweep.config.image_classifier import METRICS as TABLE
from mnist_sweep.config.metrics import MetricTable, best_name, is_timed, shown_curve, table

METRICS = TABLE.known

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
    assert METRICS["best_val_loss"].best_epoch(ROWS) == 2
    assert METRICS["best_loss"].best_epoch(ROWS) == 3


def test_accuracies_are_maximized_and_losses_minimized() -> None:
    for curve in CURVES:
        values = [row[curve] for row in ROWS]
        expected = min(values) if curve.endswith("loss") else max(values)
        assert expected == METRICS[best_name(curve)].of(ROWS)
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
    turned = TABLE.objective("best_val_accuracy", "minimize")
    assert turned.better(0.1, 0.2)
    assert turned.of(ROWS) == 0.8  # the best of its curve is still the largest
    assert METRICS["val_accuracy"].direction == "maximize"
    with pytest.raises(UserError, match=r"search\.metric must be a metric of a trial, got no_such_metric"):
        TABLE.objective("no_such_metric", "minimize")


def test_counts_are_shown_without_decimals() -> None:
    assert METRICS["parameters"].format(1234567.0) == "1,234,567"
    assert METRICS["val_loss"].format(0.123456) == "0.1235"


def test_a_metric_without_a_curve_shows_the_primary_one() -> None:
    assert shown_curve(METRICS["parameters"], TABLE) == PRIMARY == "val_accuracy"
    assert shown_curve(METRICS["best_val_loss"], TABLE) == "val_loss"


def test_every_metric_is_named_once() -> None:
    assert all(metric.name == name for name, metric in METRICS.items())
    assert {best_name(curve) for curve in CURVES} <= set(METRICS)


@pytest.mark.parametrize(("name", "direction"), [
    ("loss", "minimize"), ("val_loss", "minimize"), ("best_rmse", "minimize"), ("f1", "maximize"),
    ("macro_f1", "maximize"), ("best_test_score", "maximize"),
])  # fmt: skip
def test_where_metrics_are_not_known_beforehand_their_names_say_which_way_is_better(name, direction):
    found = MetricTable(is_open=True).objective(name, None)
    assert (found.name, found.direction, found.curve) == (name, direction, name.removeprefix("best_"))


def test_a_name_that_says_nothing_needs_a_direction():
    with pytest.raises(UserError, match=r"search\.direction must be maximize or minimize: the name gain"):
        MetricTable(is_open=True).objective("gain", None)
    assert MetricTable(is_open=True).objective("gain", "maximize").better(2, 1)


def test_a_task_says_what_it_reports():
    found = table({"gain": "maximize", "waste": "minimize"})
    assert (found.primary, found.is_open) == ("gain", False)
    assert found.objective("best_waste", None).of([{"epoch": 1, "waste": 3.0}, {"epoch": 2, "waste": 4.0}]) == 3.0
    rows = [{"epoch": 1, "gain": 1.0, "waste": 2.0, "seconds": 0.5, "timestamp": 1.0},
            {"epoch": 2, "gain": 0.5, "waste": 1.0, "seconds": 0.25, "timestamp": 2.0}]  # fmt: skip
    assert found.summarize(rows, {"size": 7.0}) == {
        "gain": 0.5, "waste": 1.0, "best_gain": 1.0, "best_waste": 1.0, "best_epoch": 1, "epochs": 2,
        "training_seconds": 0.75, "size": 7.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "timed"), [("fit_seconds", True), ("seconds", True), ("images_per_second", True), ("loss", False)]
)
def test_times_differ_between_two_runs_of_the_same_bits(name, timed):
    assert is_timed(name) is timed
