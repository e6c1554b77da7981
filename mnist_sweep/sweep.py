"""`mnist-sweep sweep`: ask, submit, listen, tell; the one loop that everything hangs on."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from mnist_sweep.config import TrialConfig, UserError
from mnist_sweep.evaluation import best_of
from mnist_sweep.executors import Done, Epoch, Event, Executor, Failed, Started
from mnist_sweep.launch import make_job
from mnist_sweep.record import Record
from mnist_sweep.searching import Plan, workers
from mnist_sweep.study import Asked, Search
from mnist_sweep.terminal import Screen

RETRIES = 2  # of a trial whose process was lost
TICK_SECONDS = 0.25


@dataclass
class Active:
    """A trial that runs."""

    asked: Asked
    config: TrialConfig
    rows: list[dict[str, float]] = field(default_factory=list)
    pruned: bool = False


@dataclass(frozen=True)
class Outcome:
    """How a call of sweep ended: an exit code, and why it ended in words."""

    code: int
    why: str


class Sweep:
    """One call of `mnist-sweep sweep` on one study."""

    def __init__(self, plan: Plan, search: Search, executor: Executor, screen: Screen, record: Record) -> None:
        self.plan = plan
        self.search = search
        self.executor = executor
        self.screen = screen
        self.record = record
        self.active: dict[int, Active] = {}
        self.waiting = search.lost()
        self.failures = 0
        self.started = time.monotonic()
        self.why = ""

    def run(self) -> Outcome:
        """Until the budget is spent, the target reached, or nothing more is to be tried."""
        while True:
            self._submit()
            if not self.active:
                break
            for event in self.executor.events(TICK_SECONDS):
                self._handle(event)
        code = 1 if self.failures >= self.plan.settings.search.max_failures else 0
        return Outcome(code, self.why)

    def _submit(self) -> None:
        """Fills the free places."""
        while len(self.active) < workers(self.plan.settings):
            asked = self.waiting.pop(0) if self.waiting else self._ask()
            if asked is None:
                return
            self._start(asked)

    def _ask(self) -> Asked | None:
        limits = self.plan.settings.search
        best = self.search.best()
        if len(self.search.finished()) + len(self.active) >= limits.n_trials:
            self.why = f"all {limits.n_trials} trials are done"
        elif limits.timeout is not None and time.monotonic() - self.started >= limits.timeout:
            self.why = f"search.timeout={limits.timeout:g} seconds are over"
        elif (
            limits.target is not None and best and best.values and not self.search.better(limits.target, best.values[0])
        ):
            self.why = f"search.target={limits.target:g} is reached"
        elif self.failures >= limits.max_failures:
            self.why = f"the last {self.failures} trials have failed"
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
            )
        except UserError as error:  # a combination that can't be: single values were checked before
            self.screen.started(asked.number, asked.overrides, 0)
            self.active[asked.number] = Active(asked, plan.base)
            self._failed(asked.number, str(error))
            return
        self.active[asked.number] = Active(asked, config)
        self.record.trial_started(asked, config)
        self.screen.started(asked.number, asked.overrides, config.train.epochs)
        self.executor.submit(job)

    def _handle(self, event: Event) -> None:
        if isinstance(event, Started):
            self.screen.note = ""
        elif isinstance(event, Epoch):
            self._epoch(event)
        elif isinstance(event, Done):
            self._done(event)
        elif isinstance(event, Failed):
            if event.lost and self.active[event.number].asked.retries < RETRIES:
                self._again(event)
            else:
                self._failed(event.number, event.reason)

    def _epoch(self, event: Epoch) -> None:
        active = self.active[event.number]
        active.rows.append(event.row)
        metric = self.search.metrics[0]
        curve = metric.removeprefix("best_")
        best = best_of(curve, [row[curve] for row in active.rows]) if curve in event.row else None
        prune = self.search.report(event.number, event.row, best)
        if prune and event.row["epoch"] < active.config.train.epochs:
            active.pruned = True
            self.executor.stop(event.number)
        self.screen.epoch(event.number, event.row)
        self.record.tracker.epoch(event.number, event.row)

    def _done(self, event: Done) -> None:
        active = self.active.pop(event.number)
        result = event.result
        self.failures = 0
        if not result["stopped"]:
            active.pruned = False  # the word to stop came too late: the result is whole
        state = "PRUNED" if active.pruned else "COMPLETE"
        before = self.search.best()
        standing = self.search.tell(event.number, state, result["metrics"])
        best = self.search.best()
        is_best = best is not None and best.number == event.number and (before is None or before.number != event.number)
        self.record.trial_ended(active.asked, active.config, standing, result, is_best)
        self.screen.best = self.record.best_line()
        metric = self.search.metrics[0]
        text = f"{metric} {result['metrics'][metric]:.4f}"
        text += f" after epoch {result['epochs']}" if active.pruned else ""
        self.screen.ended(event.number, state, text + (", the best so far" if is_best else ""))

    def _failed(self, number: int, reason: str) -> None:
        active = self.active.pop(number)
        self.failures += 1
        standing = self.search.tell(number, "FAIL", None, reason)
        self.record.trial_ended(active.asked, active.config, standing, None, False)
        self.screen.ended(number, "FAIL", reason)

    def _again(self, event: Failed) -> None:
        asked = self.active.pop(event.number).asked
        again = Asked(asked.number, asked.overrides, asked.retries + 1)
        self.search.lose(event.number, again.retries)
        self.screen.dropped(event.number)
        self.screen.warn(
            f"trial {event.number} was lost: {event.reason}; it is tried again ({again.retries} of {RETRIES})"
        )
        self.waiting.append(again)

    def interrupt(self) -> None:
        """Leaves the running trials for the next call."""
        self.executor.close()
        for number in list(self.active):
            asked = self.active.pop(number).asked
            self.search.spare(number, asked.retries)
            self.record.trial_interrupted(asked)
            self.screen.dropped(number)


def run_sweep(
    plan: Plan, search: Search, make_executor: Callable[[], Executor], screen: Screen, record: Record
) -> Outcome:
    """Runs a sweep to its end, or to Ctrl-C; whatever happens, no process is left behind."""
    sweep = Sweep(plan, search, make_executor(), screen, record)
    screen.best = record.best_line()
    screen.note = "starting TensorFlow"
    if sweep.waiting:
        numbers = ", ".join(str(asked.number) for asked in sweep.waiting)
        screen.say(f"Run again from their beginning, as the last call left them running: trials {numbers}")
    code, why = 0, ""
    try:
        with screen:
            outcome = sweep.run()
            code, why = outcome.code, outcome.why
    except KeyboardInterrupt:
        code, why = 130, "interrupted"
        sweep.interrupt()
    finally:
        sweep.executor.close()
    return Outcome(code, why)
