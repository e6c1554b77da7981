"""A function of one's own as a task."""

import random
import sys
from types import ModuleType

import numpy as np
import pytest

from mnist_sweep.config import UserError
from mnist_sweep.config.task import metric_table
from mnist_sweep.tasks.function import Function


@pytest.fixture
def task(monkeypatch):
    module = ModuleType("functions_of_another_test")
    monkeypatch.setitem(sys.modules, module.__name__, module)

    def made(function):
        module.objective = function
        return Function(f"{module.__name__}.objective")

    return made


class Trial:
    seed = 5


def test_it_gets_its_section_and_the_trial(task):
    trial = Trial()
    assert task(lambda config, given: {"x": config["x"], "same": given is trial}).run({"params": {"x": 3}}, trial) == {
        "x": 3, "same": True,
    }  # fmt: skip


def test_what_is_drawn_from_pythons_and_numpys_generators_is_seeded(task):
    drawing = task(lambda config, trial: {"a": random.random(), "b": float(np.random.random())})
    first = drawing.run({"params": {}}, Trial())
    random.seed(1)
    np.random.seed(1)
    assert drawing.run({"params": {}}, Trial()) == first


@pytest.mark.parametrize(
    "function", [lambda config: None, lambda config, trial, more: None, lambda: None, lambda *, config, trial: None]
)
def test_other_arguments_are_told_before_the_first_trial(task, function):
    with pytest.raises(UserError, match=r"task\.function must take \(config, trial\), but .*objective takes \("):
        task(function).ready()


@pytest.mark.parametrize("function", [lambda config, trial: None, lambda *all: None, lambda config, trial, a=1: None])
def test_a_function_that_can_be_called_is_ready(task, function):
    task(function).ready()


def test_a_function_that_is_not_there_is_told():
    with pytest.raises(UserError, match=r"task\.function names no_such_module\.f, but there is no module"):
        Function("no_such_module.f").ready()


def test_its_metrics_are_what_it_reports_unless_it_says_more():
    assert metric_table(Function("a.b"), {}).is_open
    named = metric_table(Function("a.b", {"gain": "maximize"}), {})
    assert named.primary == "gain"
    assert named.objective("gain", None).direction == "maximize"
    assert named.objective("best_val_loss", None).direction == "minimize"  # it may report others
