"""What is searched for, and for how long."""

import pytest

from mnist_sweep.config.errors import UserError
from mnist_sweep.config.image_classifier import METRICS as TABLE
from mnist_sweep.config.search_settings import parse_search

METRICS = TABLE.known
SEARCH = {
    "n_trials": 3, "timeout": None, "target": None, "max_failures": 5, "audit": 0.0, "metric": "val_accuracy",
    "direction": None,
    "space": {"model.dropout": "interval(0,0.5)"}, "when": {},
}  # fmt: skip


@pytest.mark.parametrize(
    ("metric", "direction"),
    [
        ("val_accuracy", "maximize"), ("best_val_accuracy", "maximize"), ("accuracy", "maximize"),
        ("val_loss", "minimize"), ("best_loss", "minimize"), ("parameters", "minimize"),
        ("training_seconds", "minimize"), ("images_per_second", "maximize"),
    ],
)  # fmt: skip
def test_a_metric_knows_which_way_is_better(metric, direction):
    search, _ = parse_search({**SEARCH, "metric": metric}, TABLE)
    assert (search.metric, search.direction) == ([metric], [direction])


def test_every_loss_goes_down_and_every_accuracy_up():
    assert {METRICS[name].direction for name in METRICS if "loss" in name} == {"minimize"}
    assert {METRICS[name].direction for name in METRICS if "accuracy" in name} == {"maximize"}


def test_several_metrics_have_a_direction_each():
    search, objectives = parse_search({**SEARCH, "metric": ["val_accuracy", "parameters"]}, TABLE)
    assert [one.name for one in objectives] == search.metric
    assert search.direction == ["maximize", "minimize"]
    asked = {**SEARCH, "metric": ["val_accuracy", "parameters"], "direction": ["minimize", "maximize"]}
    given, _ = parse_search(asked, TABLE)
    assert given.direction == ["minimize", "maximize"]


@pytest.mark.parametrize(
    ("key", "value", "part"),
    [
        ("n_trials", 0, "at least 1"),
        ("n_trials", 1.5, "whole number"),
        ("n_trials", "all", "whole number"),
        ("timeout", 0, "greater than 0"),
        ("timeout", "0s", "greater than 0"),
        ("timeout", "soon", "search.timeout must be a number of seconds, or a duration such as 1h30m, got soon"),
        ("timeout", float("inf"), "finite"),
        ("until", "25:00", "search.until must be a time of the day such as 07:00, got 25:00"),
        ("until", 1020, "in quotes where YAML takes it for a number, got 1020"),
        ("patience", 0, "at least 1"),
        ("min_delta", -1.0, "at least 0"),
        ("min_delta", 0.1, "for search.patience, which is null"),
        ("target", "high", "a number"),
        ("target", float("nan"), "finite"),
        ("max_failures", 0, "at least 1"),
        ("audit", -0.1, "at least 0"),
        ("audit", 1.5, "at most 1"),
        ("metric", "val_acc", "did you mean val_accuracy?"),
        ("metric", None, "got null"),
        ("metric", [], "not empty"),
        ("metric", ["val_loss", "val_loss"], "twice"),
        ("direction", "up", "maximize, minimize"),
        ("direction", ["maximize", "minimize"], "one direction for each of the 1"),
        ("space", [1], "a mapping"),
        ("when", {"optimizer=adam": 5}, "a mapping"),
        ("patiense", 5, "did you mean search.patience?"),
        ("metric", [["a"]], "metric"),
        ("metric", {"a": 1}, "metric"),
    ],
)
def test_a_wrong_search_is_told_by_its_key(key, value, part):
    with pytest.raises(UserError) as caught:
        parse_search({**SEARCH, key: value}, TABLE)
    assert str(caught.value).startswith(f"search.{key}")
    assert part in str(caught.value)


def test_a_target_is_of_one_metric():
    assert parse_search({**SEARCH, "target": 1}, TABLE)[0].target == 1.0
    with pytest.raises(UserError, match=r"^search\.target must be null with several metrics"):
        parse_search({**SEARCH, "metric": ["val_loss", "parameters"], "target": 0.5}, TABLE)
    with pytest.raises(UserError, match=r"^search\.patience must be null with several metrics"):
        parse_search({**SEARCH, "metric": ["val_loss", "parameters"], "patience": 5}, TABLE)
