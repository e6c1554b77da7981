"""The read model of a study: its trials as they stand, running ones too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mnist_sweep.config import UserError
from mnist_sweep.config.commands import study_command
from mnist_sweep.config.domains import as_literal
from mnist_sweep.config.flatten import flatten, with_elements
from mnist_sweep.config.metrics import Direction, Metric, MetricTable, shown_curve
from mnist_sweep.config.search_settings import parse_search
from mnist_sweep.config.space import Parameter, parse_space
from mnist_sweep.config.task import stored_table, stored_traits
from mnist_sweep.config.traits import Traits
from mnist_sweep.files import read_yaml
from mnist_sweep.results.confirmation import Confirmation, read_confirmation
from mnist_sweep.results.trial import Trial, read_trial
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.revisions import Revision, revisions
from mnist_sweep.storage.state import TrialState
from mnist_sweep.storage.summary import Summary, read_summary


@dataclass(frozen=True)
class Compared:
    """Values by which trials can be compared.

    Attributes:
        values: Trials with their values.
        label: What the values are.
    """

    values: list[tuple[Trial, float]]
    label: str


@dataclass(frozen=True)
class Study:
    """A study as its folder has it.

    Attributes:
        folder: Its folder.
        objectives: The metrics that are searched for, the first one first.
        metric_table: The metrics of its task.
        space: The search space; a key may have several ranges, each under a condition of its own.
        trials: All trials, by number.
        plain: The composed configuration, as plain data.
        summary: The content of summary.json, None if there is none.
        confirmed: The content of confirmed.json, None if there is none.
    """

    folder: StudyFolder
    objectives: list[Metric]
    metric_table: MetricTable
    space: list[Parameter]
    trials: list[Trial]
    plain: dict[str, Any]
    summary: Summary | None = None
    confirmed: Confirmation | None = None

    @property
    def parameters(self) -> list[Parameter]:
        """The searched parameters, each key once."""
        return list({one.key: one for one in self.space}.values())

    @property
    def revisions(self) -> Sequence[Revision]:
        """The search spaces that it had before its present one, the oldest first."""
        return revisions(self.plain)

    @property
    def name(self) -> str:
        """The study's name."""
        return self.folder.name

    @property
    def metrics(self) -> list[str]:
        """The names of the objectives."""
        return [objective.name for objective in self.objectives]

    @property
    def directions(self) -> list[Direction]:
        """Which way each of them is better."""
        return [objective.direction for objective in self.objectives]

    @property
    def traits(self) -> Traits:
        """What is particular to its task."""
        return stored_traits(self.plain)

    @property
    def metric(self) -> str:
        """The first objective."""
        return self.metrics[0]

    @property
    def curve(self) -> str:
        """The curve that the objective is taken from, or else the task's primary one."""
        return shown_curve(self.objective, self.metric_table)

    @property
    def sign(self) -> int:
        """1 where more is better, -1 where less is."""
        return self.objective.sign

    @property
    def objective(self) -> Metric:
        """The first metric of the search, with its direction."""
        return self.objectives[0]

    def of_state(self, *states: TrialState) -> list[Trial]:
        """Returns the trials in some states, by number."""
        return [trial for trial in self.trials if trial.state in states]

    @cached_property
    def ranked(self) -> list[Trial]:
        """The complete trials that meet the constraints, the best first, the earlier of equals."""
        complete = [trial for trial in self.of_state(TrialState.COMPLETE) if trial.values and not trial.infeasible]
        return sorted(complete, key=lambda trial: self.objective.rank_key(trial.values[0], trial.number))

    @cached_property
    def best(self) -> Trial | None:
        """The best complete trial."""
        return self.ranked[0] if self.ranked else None

    @property
    def all_infeasible(self) -> str:
        """That its complete trials meet no constraints, where that is why none is the best, in words; else empty."""
        complete = [] if self.ranked else self.of_state(TrialState.COMPLETE)
        return f"none of its {len(complete)} complete ones meets search.constraints" if complete else ""

    @cached_property
    def baseline(self) -> Trial | None:
        """Trial 0, if it is complete."""
        return next((trial for trial in self.of_state(TrialState.COMPLETE) if trial.number == 0 and trial.values), None)

    @cached_property
    def compared(self) -> "Compared":
        """What all trials have shown: the objective of complete ones, or with pruned ones the curve where all were."""
        trials = [trial for trial in self.of_state(TrialState.COMPLETE, TrialState.PRUNED) if trial.rows]
        pruned = any(trial.state is TrialState.PRUNED for trial in trials)
        if not pruned or self.objective.curve is None or any(self.curve not in trial.rows[0] for trial in trials):
            return Compared([(trial, trial.values[0]) for trial in self.ranked], self.metric)
        epoch = min(len(trial.rows) for trial in trials)
        values = [(trial, trial.rows[epoch - 1][self.curve]) for trial in trials]
        return Compared(values, f"{self.curve} after epoch {epoch}")

    def command(self, name: str) -> str:
        """Returns a command on the study, such as reproduce, to be pasted."""
        runtime = self.plain.get("runtime")
        allowed = runtime.get("allowed_targets") if isinstance(runtime, Mapping) else None
        return study_command(name, self.name, allowed if isinstance(allowed, list) else ())

    def values_of(self, trial: Trial) -> dict[str, str]:
        """Returns the searched parameters of a trial as in overrides.

        Those of the baseline, and of a trial that a person has named, are from its configuration.
        """
        if trial.number and trial.origin is None:
            return trial.overrides
        try:
            config = read_yaml(trial.folder.config)
        except UserError:  # it is missing, or its task has written over it
            return trial.overrides
        known = {**with_elements(flatten(config)), **trial.overrides}
        return {
            p.key: trial.overrides[p.key] if p.key in trial.overrides else as_literal(known[p.key])
            for p in self.parameters
            if p.key in known
        }


def _with_directions(search: dict[str, Any], summary: Summary | None) -> dict[str, Any]:
    """Returns the section `search` with the directions that a task of somebody's own, not imported here, has said."""
    if search.get("direction") is not None or summary is None:
        return search
    return {**search, "direction": summary.direction}


def read_study(folder: StudyFolder, is_held: bool = False) -> Study:
    """Returns a study as its folder has it.

    Args:
        folder: The study's folder.
        is_held: Whether a driver is running on it, so that trials without a state are RUNNING.

    Raises:
        UserError: The folder holds single trials.
    """
    if not folder.config.is_file():
        raise UserError(f"study={folder.name} holds single trials: only a search has a report")
    plain = read_yaml(folder.config)
    table = stored_table(plain)
    summary = read_summary(folder.summary)
    search, objectives = parse_search(_with_directions(plain.get("search", {}), summary), table)
    return Study(
        folder=folder,
        objectives=objectives,
        metric_table=table,
        space=parse_space(search.space, search.when),
        trials=[read_trial(trial, is_held) for trial in folder.trials()],
        plain=plain,
        summary=summary,
        confirmed=read_confirmation(folder.confirmed),
    )
