"""`mnist-sweep sweep`: ask, submit, listen, tell; the one loop that everything hangs on."""

import errno
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from mnist_sweep.cli.screen import Screen
from mnist_sweep.config import TrialConfig, Unavailable, UserError
from mnist_sweep.config.metrics import curve_best
from mnist_sweep.execution import Done, Epoch, Event, Executor, Failed, Started, Trained
from mnist_sweep.execution.interrupts import Interrupts
from mnist_sweep.execution.jobs import make_job, shortest, workers
from mnist_sweep.execution.runner import is_full_house
from mnist_sweep.files import is_full
from mnist_sweep.results.pruning import is_audited
from mnist_sweep.search import Asked, Search, Standing, in_common
from mnist_sweep.sweep.plan import Plan
from mnist_sweep.sweep.study_files import Record

RETRIES = 2  # of a trial that was lost while it trained, with its process or with the driver
STARTS = 6  # of a trial whose process is lost before it trains
TICK_SECONDS = 0.25


@dataclass
class Active:
    """A trial that runs."""

    asked: Asked
    config: TrialConfig
    rows: list[dict[str, float]] = field(default_factory=list)
    pruned: bool = False
    audited: bool = False


@dataclass(frozen=True)
class Outcome:
    """How a call of sweep ended: an exit code, and why it ended in words."""

    code: int
    why: str


class Sweep:
    """One call of `mnist-sweep sweep` on one study."""

    def __init__(
        self,
        plan: Plan,
        search: Search,
        executor: Executor,
        screen: Screen,
        record: Record,
        interrupts: Interrupts,
        shared: dict[str, Any] | None = None,
    ) -> None:
        """`shared` is where the images of the base configuration's data set lie in memory."""
        self.plan = plan
        self.search = search
        self.executor = executor
        self.screen = screen
        self.record = record
        self.interrupts = interrupts
        self.shared = shared
        self.active: dict[int, Active] = {}
        self.writing: set[int] = set()  # of the active ones those that have been trained
        lost = search.lost(record.begun)
        self.waiting = [asked for asked in lost if asked.retries <= RETRIES]
        self.spent = [asked for asked in lost if asked.retries > RETRIES]
        self.vain: Counter[int] = Counter()
        self.failed: list[Standing] = []  # in a row
        self.stopping = False
        self.started = time.monotonic()
        self.why = ""

    def run(self) -> Outcome:
        """Until the budget is spent, the target reached, nothing more is to be tried, or it is interrupted."""
        for asked in self.spent:
            self.active[asked.number] = Active(asked, self.plan.base)
            self._failed(
                asked.number, f"it was lost {asked.retries} times while it trained, the driver's ends included"
            )
        while True:
            if self.interrupts.received and not self.stopping:
                self._stop()
            if not self.stopping:
                self._submit()
            if not self.active:
                break
            for event in self.executor.events(TICK_SECONDS):
                self._handle(event)
        if self.stopping:
            return Outcome(self.interrupts.code, "interrupted")
        counts = self.search.counts
        went_wrong = len(self.failed) >= self.plan.settings.search.max_failures or counts["FAIL"] == counts.total() > 0
        return Outcome(int(went_wrong), self.why)

    def _stop(self) -> None:
        self.stopping = True
        self.screen.warn("Interrupted: the running trials stop within a few batches; Ctrl-C again stops at once")
        for number in self.active:
            self.executor.stop(number)

    def _submit(self) -> None:
        """Fills the free places."""
        at_once = workers(self.plan.settings.runtime)
        while not self.interrupts.received and not is_full_house(len(self.active), len(self.writing), at_once):
            if self.writing and self.plan.settings.search.target is not None:
                return  # it may be reached already
            asked = self.waiting.pop(0) if self.waiting else self._ask()
            if asked is None:
                return
            self._start(asked)

    def _ask(self) -> Asked | None:
        limits = self.plan.settings.search
        best = self.search.best()
        if self.search.counts.total() + len(self.active) >= limits.n_trials:
            self.why = f"all {limits.n_trials} trials are done"
        elif limits.timeout is not None and time.monotonic() - self.started >= limits.timeout:
            self.why = f"search.timeout={limits.timeout:g} seconds are over"
        elif (
            limits.target is not None and best and best.values and not self.search.better(limits.target, best.values[0])
        ):
            self.why = f"search.target={limits.target:g} is reached"
        elif len(self.failed) >= limits.max_failures:
            bad = {standing.number for standing in self.failed}
            others = [s for s in self.search.finished() if s.number not in bad and s.state != "FAIL"]
            self.why = f"the last {len(bad)} trials have failed, {in_common(self.failed, others, self.plan.values)}"
        elif (asked := self.search.ask()) is not None:
            return asked
        else:
            self.why = "every combination of the grid has been tried"
        return None

    def _start(self, asked: Asked) -> None:
        plan = self.plan
        try:
            config = plan.composer.config(asked.overrides)
            job = make_job(
                asked.number,
                config,
                plan.composer.overrides(asked.overrides),
                self.record.clear(asked.number),
                plan.description,
                plan.composer.allowed,
                plan.flags,
                self.record.started_by,
                keep_model=plan.settings.study.keep_models > 0,
                shared=self.shared if config.data == plan.base.data else None,
            )
        except UserError as error:  # a combination that can't be: single values were checked before
            self.screen.started(asked.number, asked.overrides, 0)
            self.active[asked.number] = Active(asked, plan.base)
            self._failed(asked.number, str(error))
            return
        self.active[asked.number] = Active(asked, config)
        self.record.trial_started(asked)
        self.screen.started(asked.number, asked.overrides, config.train.epochs)
        self.executor.submit(job)

    def _handle(self, event: Event) -> None:
        if isinstance(event, Started):
            self.screen.note = ""
        elif isinstance(event, Trained):
            self.writing.add(event.number)
        elif isinstance(event, Epoch):
            self._epoch(event)
        elif isinstance(event, Done):
            self._done(event)
        elif event.cause == "disk":
            raise OSError(errno.ENOSPC, event.reason)
        elif event.cause == "lost":
            self._lost(event)
        else:
            self._failed(event.number, event.reason)

    def _epoch(self, event: Epoch) -> None:
        active = self.active[event.number]
        active.rows.append(event.row)
        metric = self.search.metrics[0]
        curve = metric.removeprefix("best_")
        best = curve_best(curve, active.rows) if curve in event.row else None
        prune = self.search.report(event.number, event.row, best)
        if prune and not active.audited and event.row["epoch"] < active.config.train.epochs:
            settings = self.plan.settings
            if is_audited(settings.search.audit, settings.study.seed, event.number):
                active.audited = True
                self.search.audit(event.number, int(event.row["epoch"]))
            else:
                active.pruned = True
                self.executor.stop(event.number)
        self.screen.epoch(event.number, event.row)
        self.record.epoch(event.number, event.row)

    def _done(self, event: Done) -> None:
        result = event.result
        if self.stopping and result["stopped"] and not self.active[event.number].pruned:
            self._leave(event.number)
            return
        active = self._forget(event.number)
        self.failed = []
        if not result["stopped"]:
            active.pruned = False  # the word to stop came too late: the result is whole
        state = "PRUNED" if active.pruned else "COMPLETE"
        before = self.search.best()
        standing = self.search.tell(event.number, state, result["metrics"])
        best = self.search.best()
        is_best = best is not None and best.number == event.number and (before is None or before.number != event.number)
        self.record.trial_ended(active.asked, standing, result, is_best)
        self.screen.best = self.record.best_line()
        metric = self.search.metrics[0]
        text = f"{metric} {result['metrics'][metric]:.4f}"
        text += f" after epoch {result['epochs']}" if active.pruned else ""
        self.screen.ended(event.number, state, text + (", the best so far" if is_best else ""))

    def _failed(self, number: int, reason: str) -> None:
        active = self._forget(number)
        standing = self.search.tell(number, "FAIL", None, reason)
        self.failed.append(standing)
        self.record.trial_ended(active.asked, standing, None, False)
        self.screen.ended(number, "FAIL", reason)

    def _lost(self, event: Failed) -> None:
        """Tries a trial again whose process was ended from outside."""
        if self.stopping:
            self._leave(event.number)
            return
        asked = self.active[event.number].asked
        begun = self.record.begun(event.number)
        self.vain[event.number] += not begun
        if asked.retries + begun > RETRIES or self.vain[event.number] >= STARTS:
            self._failed(event.number, f"{event.reason}, after {asked.retries} retries")
            return
        self._forget(event.number)
        again = Asked(asked.number, asked.overrides, asked.retries + begun)
        if begun:
            self.search.lose(event.number, again.retries)
        self.screen.dropped(event.number)
        count = f" ({again.retries} of {RETRIES})" if begun else ""
        self.screen.warn(f"trial {event.number} was lost: {event.reason}; it is tried again{count}")
        self.waiting.append(again)

    def _forget(self, number: int) -> Active:
        self.writing.discard(number)
        return self.active.pop(number)

    def _leave(self, number: int) -> None:
        """Leaves a trial for the next call."""
        asked = self._forget(number).asked
        self.search.spare(number, asked.retries)
        self.record.trial_interrupted(asked)
        self.screen.dropped(number)

    def stop_at_once(self) -> None:
        """Leaves the running trials for the next call."""
        self.executor.close()
        for number in list(self.active):
            self._leave(number)


def run_sweep(
    plan: Plan,
    search: Search,
    executor: Executor,
    screen: Screen,
    record: Record,
    shared: dict[str, Any] | None = None,
) -> Outcome:
    """Runs a sweep to its end, or to Ctrl-C; whatever happens, no process is left behind.

    Raises Unavailable where the disk is full.
    """
    with Interrupts() as interrupts:
        sweep = Sweep(plan, search, executor, screen, record, interrupts, shared)
        screen.best = record.best_line()
        screen.note = "starting TensorFlow" if plan.settings.runtime.executor == "local" else ""
        if sweep.waiting:
            numbers = ", ".join(str(asked.number) for asked in sweep.waiting)
            screen.say(f"Run again from their beginning, as the last call left them running: trials {numbers}")
        try:
            with screen:
                return sweep.run()
        except KeyboardInterrupt:
            sweep.stop_at_once()
            return Outcome(interrupts.code, "interrupted")
        except OSError as error:
            if not is_full(error):
                raise
            where = shortest(plan.folder.path)
            raise Unavailable(
                f"the disk of {where} is full ({error.strerror or error}): free some space and run the same command to "
                "go on; what was written before is whole"
            ) from None
        finally:
            executor.close()
