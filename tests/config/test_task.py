"""Which task a configuration names, and what a task must have."""

import sys
from types import ModuleType

import pytest

from mnist_sweep.config.component import Component
from mnist_sweep.config.errors import UserError
from mnist_sweep.config.image_classifier import METRICS
from mnist_sweep.config.task import (
    IMAGE_CLASSIFIER,
    build_task,
    metric_table,
    stored_table,
    stored_traits,
    task_component,
    task_section,
)
from mnist_sweep.tasks import Dry, ImageClassifier


class Good:
    """A task with everything that it must have."""

    sections = ("mine",)
    metrics = {"gain": "maximize"}

    def __init__(self, size: int = 1) -> None:
        self.size = size

    def check(self, config) -> None: ...

    def run(self, config, trial) -> None: ...


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType("a_task_of_mine")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def built(module: ModuleType, kind: type, **arguments: object):
    setattr(module, kind.__name__, kind)
    return build_task(Component(f"{module.__name__}.{kind.__name__}", arguments))


def test_a_task_of_ones_own_is_built_with_its_arguments(module: ModuleType) -> None:
    task = built(module, Good, size=3)
    assert (task.sections, task.size) == (("mine",), 3)
    assert metric_table(task, {}).primary == "gain"
    with pytest.raises(
        UserError, match=r"task \(a_task_of_mine.Good\) can't be built: TypeError.*unexpected keyword argument 'sise'"
    ):
        built(module, Good, sise=3)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"metrics": {"res-idual": "minimize"}}, "task: metrics of .* must have names of letters, .* got res-idual"),
        ({"metrics": {"seconds": "minimize"}}, "task: metrics of .* and none of epoch, seconds"),
        ({"run": lambda self, config: None}, r"task: run of .* must take \(config, trial\), but takes \(config\)"),
        ({"run": None, "sections": "mine"}, "must be a list of names, got mine"),
        ({"sections": ("search",)}, "the section search .* has the name of a section that every study has"),
        ({"metrics": None}, "metrics of .* must be a dictionary such as .*, got null"),
        ({"metrics": {"gain": "up"}}, "metrics.gain .* must be maximize or minimize, got up"),
    ],
)
def test_a_task_that_can_not_be_one_is_told(module: ModuleType, attributes: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        built(module, type(f"Bad{len(message)}", (Good,), attributes))


def test_a_class_that_is_no_task_is_told(module: ModuleType) -> None:
    with pytest.raises(UserError, match=r"task\._target_ must be a task with sections, metrics, check and run"):
        built(module, type("Nothing", (), {}))


def test_only_what_is_allowed_is_a_task() -> None:
    assert task_component({}, []) == IMAGE_CLASSIFIER
    assert isinstance(build_task(IMAGE_CLASSIFIER), ImageClassifier)
    with pytest.raises(UserError, match=r"task\._target_ must be in mnist_sweep\.tasks .*, got os\.system"):
        task_component({"task": {"_target_": "os.system"}}, [])
    assert task_component({"task": {"_target_": "mine.Task", "n": 1}}, ["mine"]) == Component("mine.Task", {"n": 1})


def test_a_stored_task_is_known_without_an_import_of_somebody_elses_code() -> None:
    assert stored_table({}) is METRICS
    assert stored_table({"task": {"_target_": "no_such_module.Task"}}).is_open
    assert stored_traits({"task": {"_target_": "no_such_module.Task"}}).note == ""
    function = {"task": {"_target_": "mnist_sweep.tasks.Function", "function": "no_such_module.f", "metrics": {}}}
    assert stored_table(function).is_open


def test_a_dry_run_of_earlier_versions_is_one() -> None:
    before = {"runtime": {"executor": "dry"}}
    assert task_section(before) == {"_target_": "mnist_sweep.tasks.Dry"}
    assert stored_traits(before) == Dry.traits
    assert task_section({"runtime": {"executor": "local"}}) == {"_target_": IMAGE_CLASSIFIER.target}
