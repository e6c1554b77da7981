"""The runs of a confirmation, look by look: all finalists first, then those that are still open, and the baseline."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from mnist_sweep.config.settings import MAX_SEEDS
from mnist_sweep.confirm.finalists import BASELINE, Finalist
from mnist_sweep.confirm.runs import Run
from mnist_sweep.results.judgement import Network, Rules
from mnist_sweep.results.permutations import Looks, several
from mnist_sweep.results.stopping import Look, look
from mnist_sweep.storage.folders import StudyFolder


@dataclass(frozen=True)
class Plan:
    """How far a confirmation is.

    Attributes:
        runs: All runs so far, seed by seed, so that an interrupted confirmation has the same seeds of all finalists.
        todo: Those that are to be trained before the next look.
        looks: What was seen at the looks before; none where there is only one, at the end.
    """

    runs: list[Run]
    todo: list[Run]
    looks: list[Look]


def network_of(runs: Sequence[Run], cost: float = 0.0) -> Network:
    """Returns what the runs of a finalist reached, for a comparison."""
    results = [run.result() for run in runs]
    right = [result.predictions.right for result in results if result.predictions]
    return Network([result.value for result in results], np.stack(right) if right else None, cost)


def rules_of(finalists: Sequence[Finalist], sizes: Sequence[int]) -> Rules:
    """Returns how finalists are compared that are looked at after so many seeds."""
    return Rules(None if len(sizes) == 1 else looks_of(finalists, sizes), sign=finalists[0].metric.sign)


def looks_of(finalists: Sequence[Finalist], sizes: Sequence[int]) -> Looks:
    """Returns when finalists are looked at."""
    return several(sizes, max(1, len(finalists) - 1))


def sizes_of(finalists: Sequence[Finalist], asked: Sequence[int]) -> Sequence[int]:
    """Returns after how many seeds finalists are looked at: once, where no baseline is there to compare them with.

    Args:
        finalists: The finalists.
        asked: After how many seeds they were to be looked at.
    """
    trials = [finalist.trial for finalist in finalists]
    return asked if BASELINE in trials and len(trials) > 1 else asked[:1]


def _looked(runs: Sequence[Run], active: Sequence[Finalist], rules: Rules, looks: Sequence[Look]) -> Look | None:
    """Returns what is seen after a look, None where there is nothing to compare."""
    if BASELINE not in [finalist.trial for finalist in active] or len(active) < 2:
        return None
    trials = dict.fromkeys(run.finalist.trial for run in runs)
    networks = {trial: network_of([run for run in runs if run.finalist.trial == trial]) for trial in trials}
    return look(networks, BASELINE, rules, looks[-1] if looks else None)


def planned(study: StudyFolder, finalists: Sequence[Finalist], sizes: Sequence[int]) -> Plan:
    """Returns how far a confirmation is, as the folders of its runs have it.

    The same runs always give the same looks, so that a confirmation goes on where it was left. Further seeds count if
    all finalists were trained on them before.

    Args:
        study: The study.
        finalists: Its finalists.
        sizes: After how many seeds they are looked at.
    """
    rules, active, before = rules_of(finalists, sizes), list(finalists), 0
    runs: list[Run] = []
    looks: list[Look] = []
    for size in sizes:
        stage = [_run(study, one, index) for index in range(before, size) for one in active]
        runs += stage
        if todo := [run for run in stage if not run.is_done]:
            return Plan(runs, todo, looks)
        if len(sizes) > 1:
            seen = _looked(runs, active, rules, looks)
            if seen is None:
                break
            looks.append(seen)
            active = [one for one in active if one.trial in seen.open or one.trial == BASELINE]
            if not seen.open:
                break
        before = size
    return Plan(runs + _further(study, finalists, runs), [], looks)


def _run(study: StudyFolder, finalist: Finalist, index: int) -> Run:
    return Run(finalist, index, study.confirmation(finalist.trial, index), finalist.seeded(index))


def _further(study: StudyFolder, finalists: Sequence[Finalist], runs: Sequence[Run]) -> list[Run]:
    """Returns the runs on further seeds, where all finalists were trained on them before."""
    there = {(run.finalist.trial, run.index) for run in runs}
    found: list[Run] = []
    for index in range(MAX_SEEDS):
        some = [_run(study, one, index) for one in finalists if (one.trial, index) not in there]
        if not all(run.is_done for run in some):
            break
        found += some
    return found


class Stages:
    """The stages of one call of `mnist-sweep confirm`; a finalist of which a run has failed is left out.

    Attributes:
        plan: How far it is.
    """

    def __init__(
        self, study: StudyFolder, finalists: Sequence[Finalist], sizes: Sequence[int], on_look: Callable[[Look], None]
    ) -> None:
        """`on_look` is told of every look at which runs of this call are seen for the first time."""
        self.study = study
        self.finalists = list(finalists)
        self.sizes = sizes
        self.on_look = on_look
        self._given: set[tuple[int, int]] = set()
        self.plan = planned(study, self.finalists, sizes)

    def next_runs(self) -> list[Run]:
        """Returns the runs that are to be trained next, none at the end."""
        failed = _failed(self.plan.todo, self._given)
        self.finalists = [one for one in self.finalists if one.trial not in failed]
        before = len(self.plan.looks)
        if self.finalists:
            self.plan = planned(self.study, self.finalists, self.sizes)
        for seen in self.plan.looks[before:]:
            self.on_look(seen)
        todo = self.plan.todo if self.finalists else []
        self._given |= {(run.finalist.trial, run.index) for run in todo}
        return todo


def _failed(todo: Sequence[Run], given: Collection[tuple[int, int]]) -> set[int]:
    """Returns the trials of which a run was trained and is not done."""
    return {run.finalist.trial for run in todo if (run.finalist.trial, run.index) in given and not run.is_done}
