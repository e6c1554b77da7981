"""One search: Optuna's study in the study's folder; only the driver calls ask and tell."""

import statistics
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from optuna.trial import FrozenTrial, Trial
from optuna.trial import TrialState as OptunasState

from mnist_sweep.config import Settings
from mnist_sweep.config.constraints import excesses, violations
from mnist_sweep.config.domains import literal
from mnist_sweep.config.hashing import drawn
from mnist_sweep.config.space import Parameter, active, holds
from mnist_sweep.search.adoption import finished_trial, params_of, steps_of
from mnist_sweep.search.components import build_guided_sampler, build_pruner
from mnist_sweep.search.distributions import in_order, suggest
from mnist_sweep.search.finished import Finished
from mnist_sweep.search.first_metric import REPORTED, FirstMetric
from mnist_sweep.search.given import Given, given_params
from mnist_sweep.search.journal import Journal
from mnist_sweep.search.opening import open_study
from mnist_sweep.search.optuna_private import seed_sampler
from mnist_sweep.search.pruners.asha import forget
from mnist_sweep.search.queue import Queue
from mnist_sweep.search.samplers.grid import GridSampler
from mnist_sweep.search.samplers.untried import Tried, UntriedSampler
from mnist_sweep.search.trials import (
    AUDITED,
    GIVEN,
    INFEASIBLE,
    ORIGIN,
    REASON,
    RETRIES,
    SEEDS,
    VALUES,
    Asked,
    Standing,
    given,
    standing_of,
)
from mnist_sweep.storage.state import TrialState


class Search:
    """Asks Optuna for trials, reports their epochs and tells their results."""

    def __init__(
        self,
        journal: Path | None,
        name: str,
        settings: Settings,
        parameters: Sequence[Parameter],
        base: Mapping[str, str],
        start: Sequence[Given] = (),
        allows: Callable[[Mapping[str, str]], bool] = lambda _: True,
        deleted: Collection[int] = (),
    ) -> None:
        """Opens the study, or makes it.

        Args:
            journal: Optuna's journal, None for a study in memory.
            name: The study's name.
            settings: Sampler, pruner, objectives and seed.
            parameters: The search space.
            base: The base configuration's values of all parameters and of all keys in their conditions.
            start: The trials that are tried first, after the baseline.
            allows: Whether a trial of these overrides may be drawn, by what is known of it before it runs.
            deleted: The trials that a person has deleted: they count for nothing, and are not tried again.
        """
        self.settings = settings
        self.parameters = in_order(parameters)
        self.base = dict(base)
        own_seed = settings.sampler.arguments.get("seed")
        self._seed = settings.study.seed if own_seed is None else own_seed
        self.metrics = settings.search.metric
        self.directions = settings.search.direction
        opened = open_study(journal, name, self.directions, build_pruner(settings.pruner))
        self.storage, self.study, self._study_id = opened.storage, opened.study, opened.key
        self.truncated = opened.truncated  # bytes
        self.tried = Tried(self.parameters, self.base, settings.study.seed, allows)
        self._sampler = UntriedSampler(build_guided_sampler(settings, self.parameters), self.tried)
        self.study.sampler = self._sampler
        self._is_grid = isinstance(self._sampler.sampler, GridSampler)
        if self._is_grid and self.tried.not_listed:
            raise self.tried.not_listed
        self.queue = Queue(self.parameters, self.tried, start)
        self.running: dict[int, Trial] = {}
        self.objectives = settings.objectives
        self.constraints = settings.constraints
        self.finished = Finished(self.objectives)
        for trial in self._trials():
            if trial.state.is_finished():
                standing = standing_of(trial, self.parameters)
                self._remember(standing) if trial.number in deleted else self._finish(standing)
        self._deleted = len(deleted)
        enqueued = [trial for trial in self._trials() if trial.state == OptunasState.WAITING]  # not asked for yet
        self._waiting = len(enqueued)
        for trial in enqueued:
            self.queue.note(trial.user_attrs.get(GIVEN, {}))
        by_first = len(self.objectives) == 1 or settings.search.prune_by_first
        self.prunes = by_first and self.objectives[0].curve is not None
        self._first = self._first_metric() if self.prunes and len(self.objectives) > 1 else None

    def _first_metric(self) -> FirstMetric:
        """Returns what prunes by the first of several metrics, with what was reported in earlier calls."""
        found = FirstMetric(self.directions[0], build_pruner(self.settings.pruner))
        for trial in self._trials():
            if trial.state.is_finished():
                value = trial.values[0] if trial.values else None
                reported = trial.user_attrs.get(REPORTED, {})
                found.remember(trial.number, reported, trial.state, value, trial.constraints)
        return found

    def _trials(self) -> list[FrozenTrial]:
        return self.study.get_trials(deepcopy=False)

    def _finish(self, trial: Standing) -> None:
        self.finished.add(trial)
        self._remember(trial)

    def _remember(self, trial: Standing) -> None:
        self._note(trial.number, trial.overrides, is_given=trial.number == 0 or trial.origin is not None)

    def _note(self, number: int, overrides: Mapping[str, str], is_given: bool) -> None:
        """Notes that a trial's configuration has been tried."""
        if is_given:
            self.queue.note(overrides)
            overrides = self.tried.literals(self._trials()[number].params)  # as far as it lies in the space
        self.tried.add(overrides)

    def add(self, named: Given) -> bool:
        """Adds a trial that is asked for next; returns whether it has not been tried yet."""
        if not self.queue.is_new(named):
            return False
        self.queue.note(named.overrides)
        self._enqueue(named)
        self._waiting += 1
        return True

    def _enqueue(self, named: Given) -> None:
        attributes = {GIVEN: named.overrides, VALUES: self.queue.known(named.values), ORIGIN: named.origin}
        self.study.enqueue_trial(given_params(self.parameters, named.values), user_attrs=attributes)

    def left_running(self, begun: Callable[[int], bool]) -> list[Asked]:
        """Returns the trials that were running when the last driver ended: they run again under their numbers.

        Args:
            begun: Whether a trial had begun to train, so that running it again is a retry.
        """
        found = []
        for frozen in self._trials():
            if frozen.state == OptunasState.RUNNING and frozen.number not in self.running:
                self._seed_sampler()  # it may have ended before it knew all parameters
                key = self.storage.get_trial_id_from_study_id_trial_number(self._study_id, frozen.number)
                trial = Trial(self.study, key)
                found.append(self._take(trial, frozen.user_attrs.get(RETRIES, 0) + begun(frozen.number)))
        return found

    def retries(self, number: int) -> int:
        """Returns how often a trial was retried."""
        return int(self._trials()[number].user_attrs.get(RETRIES, 0))

    def is_idle(self) -> bool:
        """Returns whether no trial was left running."""
        return not any(trial.state in (OptunasState.RUNNING, OptunasState.WAITING) for trial in self._trials())

    def mark_interrupted(self, number: int, retries: int, begun: bool) -> None:
        """Records that a running trial was left for the next call, which does not count as a retry.

        Args:
            number: Its number.
            retries: How often it was retried.
            begun: Whether it had begun to train, which the next call counts.
        """
        self.running[number].set_user_attr(RETRIES, retries - begun)

    def mark_retried(self, number: int, retries: int) -> None:
        """Records that a trial that was lost begins again."""
        self.running[number].set_user_attr(RETRIES, retries)

    def audit(self, number: int, epoch: int) -> None:
        """Records that a running trial continues although the pruner would have stopped it at an epoch."""
        self.running[number].set_user_attr(AUDITED, epoch)

    def is_audited(self, number: int) -> bool:
        """Returns whether a trial continues although the pruner would have stopped it, in an earlier try too."""
        return AUDITED in self._trials()[number].user_attrs

    def ask(self) -> Asked | None:
        """Returns the next trial, None where every combination of the space has been tried.

        What is drawn depends on the seed, the trial's number and what is known by then: a search that was left and goes
        on draws what it would have drawn.
        """
        if self._waiting:  # added, or of a driver that died between the two calls
            self._waiting -= 1
        elif not (len(self.finished) or self.running):
            self.study.enqueue_trial(given_params(self.parameters, self.base))
        elif (named := self.queue.next()) is not None:
            self._enqueue(named)
        elif self.tried.is_exhausted:
            return None
        elif self._is_grid and (point := self.tried.next_left()) is not None:
            self.study.enqueue_trial(point)
        self._seed_sampler()
        return self._take(self.study.ask(), 0)

    def _seed_sampler(self) -> None:
        """Seeds the sampler for the next trial."""
        seed = drawn(f"{self._seed} {len(self.finished) + self._deleted + len(self.running)}")
        seed_sampler(self._sampler.sampler, seed)
        self._sampler.seed(seed)

    def _take(self, trial: Trial, retries: int) -> Asked:
        """Asks for every parameter whose condition holds, and records the trial as running."""
        self.running[trial.number] = trial
        fixed = given(trial.number, trial.user_attrs)
        values = trial.user_attrs.get(VALUES, self.base)
        known = None if fixed is None else given_params(self.parameters, values)
        overrides: dict[str, str] = {}
        literals = dict(values)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Optuna's remark on a value outside of the space
            for parameter in self.parameters:
                if known is not None and parameter.key not in known:
                    continue
                if parameter.key in overrides or not holds(parameter.condition, literals):
                    continue
                value = suggest(trial, parameter.key, parameter.domain)
                overrides[parameter.key] = literals[parameter.key] = literal(parameter.domain, value)
        overrides = overrides if fixed is None else fixed
        if isinstance(self.storage, Journal):
            self.storage.flush()
        self._note(trial.number, overrides, is_given=fixed is not None)
        return Asked(trial.number, overrides, retries, trial.user_attrs.get(ORIGIN))

    def adopt(
        self,
        overrides: Mapping[str, str],
        state: TrialState,
        metrics: Mapping[str, float],
        rows: Sequence[Mapping[str, float]],
        seeds: Mapping[str, Sequence[float]] | None = None,
    ) -> int:
        """Adds a finished trial of another study.

        Args:
            overrides: Its searched parameters; none for the baseline.
            state: COMPLETE or PRUNED.
            metrics: Its final metrics.
            rows: Its epochs.
            seeds: The values of its metrics on its seeds, where it was trained on several: their mean counts.

        Returns:
            Its number in this study.
        """
        shared = {name: list((seeds or {}).get(name, ())) for name in self.metrics}
        if all(shared.values()):
            metrics = {**metrics, **{name: statistics.fmean(values) for name, values in shared.items()}}
        domains = active(self.parameters, {**self.base, **overrides})
        params = params_of(domains, overrides) or given_params(self.parameters, self.base)
        values = [float(metrics[name]) for name in self.metrics]
        steps = steps_of(self.objectives[0], rows) if self.prunes and self._first is None else {}
        trial = finished_trial(domains, params, state, values, steps, excesses(self.constraints, metrics))
        if broken := violations(self.constraints, metrics):
            trial.set_user_attr(INFEASIBLE, broken)
        if all(shared.values()):
            trial.set_user_attr(SEEDS, shared)
        self.study.add_trial(trial)
        number = self._trials()[-1].number
        self._finish(standing_of(self._trials()[number], self.parameters))
        return number

    def report(self, number: int, rows: Sequence[Mapping[str, float]]) -> bool:
        """Reports a running trial's epochs so far; returns whether the pruner would stop it now.

        Epochs that a trial reports again, since it was lost, change nothing: what was decided after them stands, but
        for the last one, after which the driver may have ended.
        """
        if not self.prunes:
            return False
        value = self.objectives[0].of(rows)
        if value is None:  # a task reports it at the end only
            return False
        trial = self.running[number]
        step = int(rows[-1]["epoch"])
        if step < max(self._trials()[number].intermediate_values, default=step):
            return False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a trial that was lost reports its last epoch again
            if self._first is not None:
                return self._first.report(number, value, step)
            trial.report(value, step)
        return trial.should_prune()

    def tell(
        self,
        number: int,
        state: TrialState,
        metrics: Mapping[str, float] | None,
        reason: str | None = None,
        seeds: Mapping[str, Sequence[float]] | None = None,
    ) -> Standing:
        """Ends a running trial.

        Args:
            number: Its number.
            state: COMPLETE, PRUNED or FAIL.
            metrics: Its final metrics; they count where it is complete, and for the constraints where it was pruned.
            reason: Why it failed.
            seeds: The values of each objective on its seeds, where there are several.

        Returns:
            The trial as it ended.
        """
        trial = self.running.pop(number)
        counted = metrics if metrics and state != TrialState.FAIL else {}
        values = [float(counted[name]) for name in self.metrics] if counted and state == TrialState.COMPLETE else None
        if reason is not None:
            trial.set_user_attr(REASON, reason)
        if seeds:
            trial.set_user_attr(SEEDS, seeds)
        beyond = excesses(self.constraints, counted)
        for key, excess in beyond.items():
            trial.set_constraint(key, excess)
        if broken := violations(self.constraints, counted):
            trial.set_user_attr(INFEASIBLE, broken)
        if self._first is not None:
            trial.set_user_attr(REPORTED, self._first.reported(number))
            self._first.end(number, OptunasState[state], values[0] if values else None, beyond)
        self.study.tell(trial, values, state=OptunasState[state])
        ended = standing_of(self._trials()[number], self.parameters)
        self._finish(ended)
        if ended.infeasible:
            forget(self.study.pruner, self._trials()[number])
        return ended

    def better(self, first: float, second: float) -> bool:
        """Returns whether the first value of the first metric is better than the second."""
        return self.objectives[0].better(first, second)
