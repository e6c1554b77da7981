"""What a trial does: a task, chosen by the config group `task` and built like every other component.

A task is an object with `sections`, `metrics`, `check` and `run`; see `mnist_sweep.tasks` for what a trial may ask of
its surroundings, and for the tasks of this package.
"""

import inspect
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Protocol, cast

from mnist_sweep.config.check import nearest, shown
from mnist_sweep.config.component import Component, parse_component
from mnist_sweep.config.errors import UserError
from mnist_sweep.config.metrics import RESERVED, Direction, MetricTable, can_be_reported, table
from mnist_sweep.config.targets import check_name, resolve
from mnist_sweep.config.traits import Traits, traits

IMAGE_CLASSIFIER = Component("mnist_sweep.tasks.ImageClassifier", {})  # where a configuration names no task
DRY = "mnist_sweep.tasks.Dry"
AROUND = ("search", "sampler", "pruner", "runtime", "study", "tracking", "runs_folder", "task", "experiment", "hydra",
          "recorded", "defaults")  # fmt: skip


class Task(Protocol):
    """What a trial does.

    `sections` and `metrics` may be plain attributes.
    """

    @property
    def sections(self) -> Sequence[str]:
        """The top-level sections of the configuration that it depends on.

        They are composed, searched, hashed into the seed, stored and shown.
        """

    @property
    def metrics(self) -> Mapping[str, str]:
        """Which way each metric that it reports is better, `maximize` or `minimize`.

        These are the curves of its epochs, and what `run` returns. None where that is not known before it runs: then
        any name can be searched for.
        """

    def check(self, config: Mapping[str, Any]) -> None:
        """Checks a configuration before anything runs, in the driver: quick, and without heavy imports.

        Args:
            config: The task's sections, as plain data.

        Raises:
            UserError: A value is wrong; the message names its key.
        """

    def run(self, config: Mapping[str, Any], trial: Any) -> Mapping[str, float] | None:
        """Runs a trial, in a process of its own.

        Args:
            config: The task's sections, as plain data.
            trial: Its surroundings, a `mnist_sweep.TrialContext`.

        Returns:
            Final metrics besides those that it has reported.
        """


def task_component(plain: Mapping[str, Any], allowed: Iterable[str]) -> Component:
    """Returns the task that a configuration names, the image classifier where it names none; raises UserError."""
    allowed = list(allowed)
    if plain.get("task") is None:
        return IMAGE_CLASSIFIER
    component = parse_component(plain["task"], "task", allowed)
    if "function" in component.arguments:
        check_name(component.arguments["function"], "task.function", allowed)
    return component


def build_task(component: Component) -> Task:
    """Returns the task of a component.

    Raises:
        UserError: It can't be built, or is no task.
    """
    return _build(component.target, json.dumps(component.arguments, sort_keys=True))


def _check_run(task: Any, target: str) -> None:
    """Raises UserError for a task whose `run` takes other arguments."""
    try:
        inspect.signature(task.run).bind({}, None)
    except TypeError:
        taken = shown(str(inspect.signature(task.run)))
        raise UserError(f"task: run of {target} must take (config, trial), but takes {taken}") from None
    except ValueError:  # of an extension without a signature
        return


def _check_task(task: Any, target: str) -> None:
    """Raises UserError for an object that is no task."""
    for name in ("sections", "metrics", "check", "run"):
        if not hasattr(task, name):
            raise UserError(
                f"task._target_ must be a task with sections, metrics, check and run: {target} has no {name}"
            )
    if isinstance(task.sections, str) or not all(isinstance(name, str) for name in task.sections):
        raise UserError(f"task: the sections of {target} must be a list of names, got {shown(task.sections)}")
    for name in task.sections:
        if name in AROUND:
            raise UserError(f"task: the section {name} of {target} has the name of a section that every study has")
    if not isinstance(task.metrics, Mapping):
        raise UserError(
            f"task: the metrics of {target} must be a dictionary such as {{'score': 'maximize'}}, empty where they are "
            f"not known beforehand, got {shown(task.metrics)}"
        )
    for name, direction in task.metrics.items():
        if not isinstance(name, str) or not can_be_reported(name):
            raise UserError(
                f"task: metrics of {target} must have names of letters, digits and _, and none of "
                f"{', '.join(RESERVED)}, got {shown(name)}"
            )
        if direction not in ("maximize", "minimize"):
            raise UserError(f"task: metrics.{name} of {target} must be maximize or minimize, got {shown(direction)}")


@cache
def _build(target: str, arguments: str) -> Task:
    try:
        task = resolve(target, "task._target_")(**json.loads(arguments))
    except UserError:
        raise
    except (Exception, SystemExit) as error:  # whatever a user's own class does
        raise UserError(f"task ({target}) can't be built: {error!r}") from None
    _check_task(task, target)
    _check_run(task, target)
    return task  # type: ignore[no-any-return]


def metric_table(task: Task, plain: Mapping[str, Any]) -> MetricTable:
    """Returns the metrics of a task's trials.

    Args:
        task: The task.
        plain: The configuration, on which they may depend.
    """
    if (own := getattr(task, "table_of", None)) is None:
        return table(cast(Mapping[str, Direction], task.metrics))
    found: MetricTable = own(plain)
    return found


def task_section(plain: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the section `task` of a stored configuration; in those of earlier versions a dry run was an executor."""
    runtime = plain.get("runtime")
    is_dry = isinstance(runtime, Mapping) and runtime.get("executor") == "dry"
    return plain.get("task") or {"_target_": DRY if is_dry else IMAGE_CLASSIFIER.target}


def stored_table(plain: Mapping[str, Any]) -> MetricTable:
    """Returns the metrics of a stored configuration's task; of a task of somebody's own, which is not imported, any."""
    section = task_section(plain)
    return metric_table(build_task(_stored(section)), plain) if _is_own(section) else MetricTable(is_open=True)


def stored_traits(plain: Mapping[str, Any]) -> Traits:
    """Returns the traits of a stored configuration's task, none for a task of somebody's own."""
    section = task_section(plain)
    return traits(build_task(_stored(section))) if _is_own(section) else Traits()


def _is_own(section: Mapping[str, Any]) -> bool:
    return str(section.get("_target_", IMAGE_CLASSIFIER.target)).startswith("mnist_sweep.tasks.")


def _stored(section: Mapping[str, Any]) -> Component:
    return parse_component({"_target_": IMAGE_CLASSIFIER.target, **section}, "task", ())


def check_sections(plain: Mapping[str, Any], task: Task) -> None:
    """Raises UserError where a section of a task is missing."""
    for key in task.sections:
        if key not in plain:
            raise UserError(f"{key} is missing from the configuration{nearest(key, plain)}")
