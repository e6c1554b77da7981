"""One call of `mnist-sweep sweep`: asks Optuna for trials, and tells it, the files and the screen what they did.

The runner (execution/runner.py) has the event loop; this is the source of its jobs and their observer.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from mnist_sweep.config import TrialConfig, UserError
from mnist_sweep.config.constraints import violations
from mnist_sweep.config.metrics import Row, objective_values
from mnist_sweep.config.traits import traits
from mnist_sweep.driver.budget import Budget
from mnist_sweep.driver.on_event import EventKind, OnEvent
from mnist_sweep.driver.plan import Plan
from mnist_sweep.driver.study_files import StudyFiles
from mnist_sweep.execution.executor import Executor, Job
from mnist_sweep.execution.jobs import Batch, TrialRequest, make_job, workers
from mnist_sweep.execution.progress import Progress
from mnist_sweep.execution.runner import Control, JobSource, run_jobs
from mnist_sweep.formatting import spread_text
from mnist_sweep.results.pruning import is_audited
from mnist_sweep.search import Asked, Search, Standing, in_common
from mnist_sweep.storage.environment import kernels_of
from mnist_sweep.storage.state import TrialState
from mnist_sweep.tasks.data import known

BASELINE = 0  # is trained to its end: everything is compared with it
INTERRUPTED = 128  # exit codes above it are a shell's for signals


@dataclass
class Active:
    """A trial that runs; `competes` unless it is known not to meet the constraints, as the baseline may be."""

    asked: Asked
    config: TrialConfig
    competes: bool = True
    rows: list[Row] = field(default_factory=list)
    pruned: bool = False
    audited: bool = False
    reason: str | None = None  # why it was stopped by hand


@dataclass(frozen=True)
class Outcome:
    """How a call of sweep ended.

    Attributes:
        code: The exit code.
        why: Why it ended, in words.
    """

    code: int
    why: str

    @property
    def is_interrupted(self) -> bool:
        """Whether a signal has ended it."""
        return self.code > INTERRUPTED

    @property
    def has_failed(self) -> bool:
        """Whether its trials have failed."""
        return 0 < self.code < INTERRUPTED


class Sweep:
    """The trials of one call on one study."""

    def __init__(self, plan: Plan, search: Search, files: StudyFiles, batch: Batch, progress: Progress) -> None:
        self.plan = plan
        self.search = search
        self.files = files
        self.batch = batch
        self.progress = progress
        self.waiting = search.left_running(files.has_begun)  # running when the last call ended: run again
        self.active: dict[int, Active] = {}
        self.failed_in_a_row: list[Standing] = []
        self.unreported = ""  # why no trial will be complete, where one has not reported what is searched for
        self.why = ""
        self.stopped_by = ""
        self.budget = Budget(plan.settings.search, search, plan.description)
        self.kernels = kernels_of(plan.folder)
        self.on_event = OnEvent(plan.on_event, progress.warn)
        self._writing: set[int] = set()  # trained, but not told to Optuna yet

    def next_job(self) -> Job | None:
        """Returns the next trial as a job, None where none is to begin now."""
        limits = self.budget.limits
        if self._writing and (limits.target is not None or limits.patience is not None):
            return None  # it may be reached already
        while (asked := self.waiting.pop(0) if self.waiting else self._ask()) is not None:
            if (job := self._job(asked)) is not None:
                return job
        return None

    def _ask(self) -> Asked | None:
        reason = self._reason_to_stop()
        asked = None if reason else self.search.ask()
        if asked is None:
            self.why = reason or f"every combination of the space{self.plan.drawable.which} has been tried"
        return asked

    def _reason_to_stop(self) -> str:
        """Returns why no further trial is asked for, empty where there is no reason."""
        if reason := self.budget.reason_to_stop(len(self.active)):
            return reason
        if self.unreported and not self.search.finished.best():
            return self.unreported
        if len(self.failed_in_a_row) >= self.budget.limits.max_failures:
            numbers = {trial.number for trial in self.failed_in_a_row}
            others = [
                t for t in self.search.finished.trials() if t.number not in numbers and t.state != TrialState.FAIL
            ]
            reasons = in_common(self.failed_in_a_row, others, self.plan.values)
            return f"the last {len(numbers)} trials have failed, {reasons}"
        return ""

    def _job(self, asked: Asked) -> Job | None:
        """Returns a trial as a job, None for a combination that can't be composed: it has failed."""
        plan = self.plan
        try:
            config = plan.config(asked.overrides)
        except UserError as error:  # single values were checked before
            self.active[asked.number] = Active(asked, plan.base)
            self.progress.started(asked.number, asked.overrides, 0)
            self._fail(asked, str(error))
            return None
        broken = violations(self.search.constraints, known(config, plan.description))
        self.active[asked.number] = Active(asked, config, competes=not broken)
        request = TrialRequest(
            asked.number,
            config,
            plan.composer.overrides(asked.overrides),
            plan.folder.trial(asked.number),
            keep_model=plan.settings.study.keep_models > 0,
            retries=asked.retries,
            constraints=plan.settings.search.constraints if asked.number != BASELINE else (),
            kernels=self.kernels,
        )
        return make_job(request, self.batch)

    def submitted(self, job: Job) -> None:
        """Records and shows that a trial begins."""
        active = self.active[job.number]
        active.rows.clear()
        active.pruned, active.audited = active.reason is not None, self.search.is_audited(job.number)
        if job.retries != self.search.retries(job.number):
            self.search.mark_retried(job.number, job.retries)
        self.files.trial_started(active.asked)
        self.progress.started(job.number, active.asked.overrides, active.config.epochs or 0)

    def started(self, job: Job) -> None:  # noqa: ARG002
        """TensorFlow is there: nothing is waited for."""
        self.progress.note = ""

    def epoch(self, job: Job, row: Row) -> bool:
        """Reports an epoch to Optuna; returns whether the pruner stops the trial."""
        active = self.active[job.number]
        active.rows.append(row)
        # The pruner must not measure others by what can't be the best.
        prune = active.competes and self.search.report(job.number, active.rows)
        is_last = active.config.epochs is not None and row["epoch"] >= active.config.epochs
        if prune and job.number != BASELINE and not active.audited and not is_last:
            settings = self.plan.settings
            if is_audited(settings.search.audit, settings.study.seed, job.number):
                active.audited = True
                self.search.audit(job.number, int(row["epoch"]))
            else:
                active.pruned = True
        self.progress.epoch(job.number, row)
        self.files.epoch(job.number, row)
        return active.pruned

    def trained(self, job: Job) -> None:
        """The trial's result is on its way."""
        self._writing.add(job.number)

    def done(self, job: Job, result: dict[str, Any]) -> None:
        """Tells Optuna that a trial is complete or was pruned."""
        rows = self.active[job.number].rows
        metrics = {**result["metrics"], **objective_values(self.search.objectives, result["metrics"], rows)}
        by_hand = self.active[job.number].reason if result["stopped"] else None
        if not result["epochs"] and (by_hand or violations(self.search.constraints, metrics)):
            self._not_trained(job.number, metrics, result["fit_seconds"])
            return
        if missing := [name for name in self.search.metrics if name not in metrics]:
            had = ", ".join(metrics) or "nothing"
            self.unreported = f"search.metric must be one of what a trial reports, {had}, got {missing[0]}"
            self._fail(
                self.active[job.number].asked, f"it has reported {had}, but not {missing[0]}, which is searched for"
            )
            return
        active = self._forget(job.number)
        self.failed_in_a_row = []
        is_pruned = active.pruned and result["stopped"]  # a stop request may come too late: the result is complete
        state = TrialState.PRUNED if is_pruned else TrialState.COMPLETE
        before = self.search.finished.best()
        trial = self.search.tell(job.number, state, metrics, active.reason if is_pruned else None, result.get("seeds"))
        best = self.search.finished.best()
        is_best = best is not None and best.number == job.number and (before is None or before.number != job.number)
        self.files.trial_ended(active.asked, trial, is_best, result["fit_seconds"])
        self.progress.best = self.files.best_line()
        metric = self.search.objectives[0]
        text = f"{metric.name} {metric.format(metrics[metric.name])}" + (
            f" after epoch {result['epochs']}" if is_pruned else ""
        )
        text += f", {active.reason}" if is_pruned and active.reason else ""
        text += spread_text(trial.seeds.get(metric.name, ()), self.plan.repeats.of)
        text += ", the best so far" if is_best else ""
        self.progress.ended(job.number, state, text + (f"; {trial.why_infeasible}" if trial.infeasible else ""))
        if is_best:
            self.tell("best")

    def tell(self, kind: EventKind, **more: Any) -> None:
        """Tells the command of `study.on_event` what has happened: the content of summary.json, and more."""
        if not self.on_event.command:
            return
        where = {"folder": str(self.plan.folder.path.absolute())}
        self.on_event.tell(kind, {**more, **where, **asdict(self.files.summary())})

    def _not_trained(self, number: int, metrics: Mapping[str, float], seconds: float) -> None:
        """Tells Optuna that a trial has no epoch: it does not meet the constraints, or was stopped by hand."""
        active = self._forget(number)
        trial = self.search.tell(number, TrialState.PRUNED, metrics, active.reason)
        self.files.trial_ended(active.asked, trial, is_best=False, fit_seconds=seconds)
        self.progress.ended(number, TrialState.PRUNED, f"not trained; {active.reason or trial.why_infeasible}")

    def stop_trial(self, number: int, reason: str) -> None:
        """Notes that a running trial is stopped by hand; raises UserError where it is not running."""
        if (active := self.active.get(number)) is None:
            running = ", ".join(map(str, self.active)) or "none"
            raise UserError(f"trial {number} is not running; running are: {running}")
        active.pruned, active.reason = True, reason

    def failed(self, job: Job, reason: str) -> None:
        """Tells Optuna that a trial has failed."""
        self._fail(replace(self.active[job.number].asked, retries=job.retries), reason)

    def _fail(self, asked: Asked, reason: str) -> None:
        self._forget(asked.number)
        trial = self.search.tell(asked.number, TrialState.FAIL, None, reason)
        self.failed_in_a_row.append(trial)
        self.files.trial_ended(asked, trial, is_best=False)
        self.progress.ended(asked.number, TrialState.FAIL, reason)

    def lost(self, job: Job, reason: str) -> None:
        """Notes that a trial is run again, under its number and with the same parameters."""
        active = self.active[job.number]
        active.asked = replace(active.asked, retries=job.retries)
        self._writing.discard(job.number)
        self.progress.dropped(job.number)
        count = f" (retry {job.retries})" if job.retries else ""
        self.progress.warn(f"trial {job.number} was lost: {reason}; it is run again{count}")

    def interrupted(self, job: Job) -> None:
        """Leaves a trial for the next call."""
        asked = self._forget(job.number).asked
        self.search.mark_interrupted(job.number, asked.retries, self.files.has_begun(job.number))
        self.files.trial_interrupted(asked)
        self.progress.dropped(job.number)

    def _forget(self, number: int) -> Active:
        self._writing.discard(number)
        return self.active.pop(number)

    def outcome(self, code: int) -> Outcome:
        """Returns how the call ended.

        Args:
            code: The exit code of an interrupt, else 0.
        """
        if code:
            return Outcome(code, f"stopped by {self.stopped_by}" if self.stopped_by else "interrupted")
        counts = self.search.finished.counts
        all_failed = counts[TrialState.FAIL] == counts.total() > 0
        too_many = len(self.failed_in_a_row) >= self.budget.limits.max_failures
        return Outcome(int(all_failed or too_many), self.why)


def run_sweep(
    sweep: Sweep, executor: Executor, source: JobSource | None = None, control: Control | None = None
) -> Outcome:
    """Runs a sweep to its end, or until Ctrl-C.

    Args:
        sweep: The sweep.
        executor: Where its trials run.
        source: What hands out its jobs, None for the sweep itself.
        control: What steers it from outside, None for nothing.

    Raises:
        Unavailable: The disk is full.
    """
    progress, plan = sweep.progress, sweep.plan
    progress.best = sweep.files.best_line()
    progress.note = traits(plan.task).starting
    if sweep.waiting:
        numbers = ", ".join(str(asked.number) for asked in sweep.waiting)
        progress.say(f"Run again, as the last call left them running: trials {numbers}")
    return sweep.outcome(run_jobs(executor, source or sweep, workers(plan.settings.runtime), progress, control))
