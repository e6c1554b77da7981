"""Trials on several seeds or folds: those that are still in the race are trained again, and their mean counts.

A wrapper of the sweep: it holds back the end of a trial's first run until the runs on its further seeds have ended.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mnist_sweep.config import UserError
from mnist_sweep.config.constraints import violations
from mnist_sweep.config.hashing import drawn
from mnist_sweep.config.metrics import Row, objective_values
from mnist_sweep.driver.loop import BASELINE, Sweep
from mnist_sweep.execution.executor import Job
from mnist_sweep.execution.jobs import TrialRequest, make_job
from mnist_sweep.files import read_json_or_empty
from mnist_sweep.results.statistics import describe
from mnist_sweep.search import Search
from mnist_sweep.storage.environment import read_environment
from mnist_sweep.storage.folders import TrialFolder
from mnist_sweep.storage.state import StateFile, TrialState, read_state, write_state

APART = 1_000_000  # between the numbers of a trial's jobs on its seeds
SPREADS = 2.0  # standard deviations of a seed below the best: a trial further away is out of the race


def further_seed(seed: int, index: int) -> int:
    """Returns a study seed that is neither the search's nor one of `confirm`: a hash of the search's and a number."""
    return drawn(f"seeds {seed} {index}")


def in_race(search: Search, value: float, is_paired: bool = False) -> bool:
    """Returns whether a trial may still be the best, by its value on the first seed or fold.

    Args:
        search: The search; the spread of a seed is that of its trials on several, pooled.
        value: The first objective.
        is_paired: Whether it is compared with the best trial's value there, as folds may differ in difficulty.
    """
    best, objective = search.finished.best(), search.objectives[0]
    pooled = [describe(one.seeds[objective.name]).deviation ** 2 for one in search.finished.trials()
              if len(one.seeds.get(objective.name, ())) > 1]  # fmt: skip
    if best is None or best.values is None or not pooled or len(search.objectives) > 1:
        return True
    margin = SPREADS * statistics.mean(pooled) ** 0.5
    first = best.seeds.get(objective.name, ())
    if is_paired and first:  # one value in place of a mean must not make it the best
        return not (objective.better(first[0] - objective.sign * margin, value)
                    and objective.better(best.values[0], value))  # fmt: skip
    return not objective.better(best.values[0] - objective.sign * margin, value)


@dataclass
class Held:
    """A trial whose first run has ended, while its further seeds are trained.

    Attributes:
        job: The first run.
        result: Its result.
        metrics: The metrics of each run so far, the first one first.
        waiting: The indices, from 1, of the runs on further seeds or folds that have not begun.
        running: The epochs so far of those that run, by index.
        reason: Why one of them has failed, empty if none has.
    """

    job: Job
    result: dict[str, Any]
    metrics: list[dict[str, float]]
    waiting: list[int]
    running: dict[int, list[Row]] = field(default_factory=dict)
    reason: str = ""


class OnSeeds:
    """A sweep whose trials run on several seeds, as a source of jobs."""

    def __init__(self, sweep: Sweep) -> None:
        self.sweep = sweep
        self.repeats = sweep.plan.repeats
        self.held: dict[int, Held] = {}

    def _name(self, index: int) -> str:
        """Returns what a run is on, in words."""
        return f"{self.repeats.of[:-1]} {index + 1} of {self.repeats.count}"

    def _folder(self, number: int, index: int) -> TrialFolder:
        return self.sweep.plan.folder.trial(number).on_seed(index)

    def next_job(self) -> Job | None:
        """Returns a run on a further seed, else the next trial; a first run that had ended before is not run again."""
        while True:
            for held in list(self.held.values()):
                while held.waiting:
                    if (job := self._further(held, held.waiting.pop(0))) is not None:
                        return job
                self._conclude(held)
            job = self.sweep.next_job()
            if job is None or (result := self._ended_before(job)) is None:
                return job
            self.sweep.submitted(job)
            self.sweep.active[job.number].rows.extend(self.sweep.plan.folder.trial(job.number).rows())
            self._hold(job, result)

    def _further(self, held: Held, index: int) -> Job | None:
        """Returns the run of an index, None where it has ended in an earlier call."""
        number, active = held.job.number, self.sweep.active[held.job.number]
        is_fold, seed = self.repeats.of == "folds", further_seed(active.config.seed, index)
        plan, overrides = self.sweep.plan, active.asked.overrides
        config = plan.config(overrides, fold=index) if is_fold else plan.config(overrides, seed)
        folder = self._folder(number, index)
        if _is_done(folder, config.trial_seed()):
            held.metrics.append(self._known(read_json_or_empty(folder.metrics), folder.rows()))
            return None
        held.running[index] = []
        texts = [*held.job.overrides, f"data.fold={index}" if is_fold else f"study.seed={seed}"]
        request = TrialRequest(number + index * APART, config, texts, folder, kernels=self.sweep.kernels)
        self.sweep.progress.say(f"trial {number}: {self._name(index)}")
        return make_job(request, self.sweep.batch)

    def _ended_before(self, job: Job) -> dict[str, Any] | None:
        """Returns the result of a first run that had ended when the last call did, None where there is none."""
        folder = self.sweep.plan.folder.trial(job.number)
        state, environment = read_state(folder.state), read_environment(folder.environment)
        config = self.sweep.active[job.number].config
        if state is None or not state.seeds or environment is None or environment.trial_seed != config.trial_seed():
            return None
        return {"stopped": False, "epochs": len(folder.rows()), "metrics": read_json_or_empty(folder.metrics),
                "fit_seconds": 0.0}  # fmt: skip

    def _hold(self, job: Job, result: dict[str, Any]) -> None:
        self.held[job.number] = Held(job, result, [result["metrics"]], list(range(1, self.repeats.count)))
        self._note(job.number, TrialState.RUNNING)

    def _note(self, number: int, state: TrialState) -> None:
        """Writes that the first run of a trial has ended, so that no later call runs it again."""
        asked, held = self.sweep.active[number].asked, self.held[number]
        seeds = {name: [value] for name, value in self._values(held.metrics[0], number).items()}
        noted = StateFile(number, state, overrides=asked.overrides, retries=asked.retries, origin=asked.origin)
        write_state(self.sweep.plan.folder.trial(number).state, replace(noted, seeds=seeds))

    def _values(self, metrics: Mapping[str, float], number: int) -> dict[str, float]:
        return objective_values(self.sweep.search.objectives, metrics, self.sweep.active[number].rows)

    def _known(self, metrics: Mapping[str, float], rows: Sequence[Row]) -> dict[str, float]:
        """Returns a run's metrics with those objectives that only its curves have."""
        return {**objective_values(self.sweep.search.objectives, metrics, rows), **metrics}

    def _further_run(self, job: Job) -> tuple[Held, int] | None:
        """Returns the held trial and the index, from 1, of a run on a further seed or fold; None for a first run."""
        index, number = divmod(job.number, APART)
        return (self.held[number], index) if index else None

    def submitted(self, job: Job) -> None:
        """Records and shows that a trial begins."""
        if self._further_run(job) is None:
            self.sweep.submitted(job)

    def started(self, job: Job) -> None:
        """As the sweep's."""
        self.sweep.started(job)

    def epoch(self, job: Job, row: Row) -> bool:
        """Reports an epoch of a first run; on a further seed no trial is pruned."""
        if (further := self._further_run(job)) is None:
            return self.sweep.epoch(job, row)
        held, index = further
        held.running[index].append(row)
        self.sweep.progress.epoch(held.job.number, row)
        return False

    def trained(self, job: Job) -> None:
        """As the sweep's, for a first run."""
        if self._further_run(job) is None:
            self.sweep.trained(job)

    def done(self, job: Job, result: dict[str, Any]) -> None:
        """Ends a trial, or holds it while it is trained on further seeds."""
        if (further := self._further_run(job)) is not None:
            held, index = further
            rows = held.running.pop(index)
            held.metrics.append(self._known(result["metrics"], rows))
            held.result["fit_seconds"] += result["fit_seconds"]
            ended = StateFile(held.job.number, TrialState.COMPLETE, seed=index)
            write_state(self._folder(held.job.number, index).state, ended)
            self._conclude(held)
        elif self._is_in_race(job, result):
            self._hold(job, result)
        else:
            self.sweep.done(job, result)

    def _is_in_race(self, job: Job, result: Mapping[str, Any]) -> bool:
        search, values = self.sweep.search, self._values(result["metrics"], job.number)
        if self.repeats.count == 1 or result["stopped"] or set(values) < set(search.metrics):
            return False
        if job.number == BASELINE:
            return True
        return not violations(search.constraints, result["metrics"]) and in_race(
            search, values[search.metrics[0]], self.repeats.of == "folds"
        )

    def _conclude(self, held: Held) -> None:
        """Ends a trial with the mean of its runs, once none is left."""
        if held.waiting or held.running:
            return
        del self.held[held.job.number]
        if held.reason:
            self.sweep.failed(held.job, held.reason)
            return
        first = self._known(held.metrics[0], self.sweep.active[held.job.number].rows)
        runs = [first, *held.metrics[1:]]
        shared = [name for name in first if all(name in one for one in runs)]
        means = {name: statistics.fmean(one[name] for one in runs) for name in shared}
        seeds = {name: [one[name] for one in runs] for name in self.sweep.search.metrics}
        self.sweep.done(held.job, {**held.result, "metrics": means, "seeds": seeds})

    def failed(self, job: Job, reason: str) -> None:
        """A trial has failed where it fails on one of its seeds."""
        if (further := self._further_run(job)) is None:
            self.sweep.failed(job, reason)
            return
        held, index = further
        held.running.pop(index, None)
        held.waiting.clear()
        held.reason = f"on {self._name(index)}: {reason}"
        self._conclude(held)

    def lost(self, job: Job, reason: str) -> None:
        """Notes that a run begins again."""
        if (further := self._further_run(job)) is None:
            self.sweep.lost(job, reason)
            return
        held, index = further
        held.running[index] = []
        self.sweep.progress.warn(f"trial {held.job.number}, {self._name(index)}, was lost: {reason}; it is run again")

    def interrupted(self, job: Job) -> None:
        """Leaves a trial for the next call."""
        if (further := self._further_run(job)) is None:
            self.sweep.interrupted(job)
            return
        held, index = further
        held.running.pop(index, None)

    def stop_trial(self, number: int, reason: str) -> list[int]:
        """Notes that a running trial is stopped by hand.

        Args:
            number: The trial's number.
            reason: Who asks for it.

        Returns:
            The numbers of the jobs that are to be stopped.

        Raises:
            UserError: It is not running, or its first run has ended, and it counts.
        """
        if number in self.held:
            raise UserError(
                f"trial {number} has been trained on its first {self.repeats.of[:-1]}: it counts, and runs on its "
                f"other {self.repeats.of}"
            )
        self.sweep.stop_trial(number, reason)
        return [number]

    def leave(self) -> None:
        """Leaves the trials that are held for the next call, which does not run again what has ended."""
        for number, held in list(self.held.items()):
            seeds = {name: [value] for name, value in self._values(held.metrics[0], number).items()}
            self.sweep.interrupted(held.job)
            file = self.sweep.plan.folder.trial(number).state
            if (state := read_state(file)) is not None:
                write_state(file, replace(state, seeds=seeds))
        self.held.clear()


def _is_done(folder: TrialFolder, seed: int) -> bool:
    """Returns whether a run on a further seed has ended in an earlier call."""
    state, environment = read_state(folder.state), read_environment(folder.environment)
    ended = state is not None and state.state is TrialState.COMPLETE
    return ended and environment is not None and environment.trial_seed == seed and folder.metrics.is_file()
