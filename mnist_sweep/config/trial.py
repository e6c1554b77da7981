"""One trial's complete configuration: plain data in, a checked configuration out, and back."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from mnist_sweep.config.check import check
from mnist_sweep.config.component import Component, section
from mnist_sweep.config.errors import UserError
from mnist_sweep.config.hashing import drawn
from mnist_sweep.config.schema import StudySeed
from mnist_sweep.config.task import build_task, check_sections, task_component


class TrialConfig(Protocol):
    """Everything that a trial's result depends on, apart from the environment (versions and CPU)."""

    @property
    def task(self) -> Component:
        """The task, with its arguments."""

    @property
    def seed(self) -> int:
        """The study's seed."""

    @property
    def epochs(self) -> int | None:
        """How many epochs it has at most, None where that is not known."""

    @property
    def title(self) -> str:
        """What is trained, in a few words that can name a study."""

    def plain(self) -> dict[str, Any]:
        """Returns the same as Hydra composes it: the task, its sections and study.seed."""

    def trial_seed(self) -> int:
        """The seed of everything random in the trial, below 2**31: a hash of the study's seed and what is trained."""

    def same_result_as(self, other: object) -> bool:
        """Returns whether both give the same result."""


@dataclass(frozen=True)
class SectionsConfig:
    """The configuration of a task that has no dataclasses of its own for its sections."""

    task: Component
    sections: dict[str, Any]
    seed: int

    @property
    def epochs(self) -> None:
        """Not known."""
        return None

    @property
    def title(self) -> str:
        """The function's name, or the task's."""
        return str(self.task.arguments.get("function", self.task.target)).rpartition(".")[2]

    def plain(self) -> dict[str, Any]:
        """Returns the same as Hydra composes it: the task, its sections and study.seed."""
        return {"task": self.task.plain(), **self.sections, "study": {"seed": self.seed}}

    def trial_seed(self) -> int:
        """The seed of everything random in the trial, below 2**31: a hash of the study's seed and what is trained."""
        return drawn(json.dumps(self.plain(), sort_keys=True)) >> 1

    def same_result_as(self, other: object) -> bool:
        """Returns whether both give the same result."""
        return self == other


def parse_trial(plain: Mapping[str, Any], allowed: Iterable[str] = ()) -> TrialConfig:
    """Returns a trial's configuration from plain data, such as a composed or a stored YAML.

    Args:
        plain: The plain data; sections that no trial depends on are ignored.
        allowed: The modules, apart from this package and Keras's optimizers, whose functions it may name.

    Raises:
        UserError: A value is wrong; the message names the first one.
    """
    allowed = list(allowed)
    component = task_component(plain, allowed)
    task = build_task(component)
    if (parse := getattr(task, "parse", None)) is not None:
        parsed: TrialConfig = parse(plain, allowed, component)
        return parsed
    check_sections(plain, task)
    if "study" not in plain:
        raise UserError("study is missing from the configuration")
    sections = {key: section(plain[key], key) for key in task.sections}
    try:
        task.check(sections)
    except UserError:
        raise
    except (Exception, SystemExit) as error:  # whatever a user's own class does
        raise UserError(
            f"task: {component.target}.check has failed with {error!r}; it should raise UserError"
        ) from None
    return SectionsConfig(
        component, sections, check(StudySeed, {"seed": section(plain["study"], "study").get("seed")}, "study").seed
    )
