"""One call of a search from its configuration to its report: what `mnist-sweep sweep` and `mnist_sweep.sweep` do."""

import time
from collections.abc import Callable
from contextlib import ExitStack, closing, nullcontext
from dataclasses import dataclass, replace
from typing import Any

from mnist_sweep.config import Unavailable
from mnist_sweep.config.composed import Composed
from mnist_sweep.config.metrics import shown_curve
from mnist_sweep.config.task import metric_table
from mnist_sweep.driver.budget import seconds_allowed
from mnist_sweep.driver.earlier import as_begun
from mnist_sweep.driver.fork import forked
from mnist_sweep.driver.loop import Outcome, Sweep, run_sweep
from mnist_sweep.driver.plan import Plan, make_plan
from mnist_sweep.driver.revision import finish, is_revision, revise
from mnist_sweep.driver.seeds import OnSeeds
from mnist_sweep.driver.session_text import command_text, cost_text, intro, outro
from mnist_sweep.driver.steering import Steering, stop_from_mlflow
from mnist_sweep.driver.study_files import StudyFiles
from mnist_sweep.execution import Executor, make_executor
from mnist_sweep.execution.jobs import Batch, workers
from mnist_sweep.execution.progress import Progress, Scope, nodes_in_words
from mnist_sweep.execution.ready import check_ready
from mnist_sweep.storage.copies import settle_in
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.identity import check_not_another, identity, keep_identity
from mnist_sweep.storage.lock import locked
from mnist_sweep.storage.state import TrialState
from mnist_sweep.tasks.data import Transfer
from mnist_sweep.tracking import Tracker

Say = Callable[..., None]


def _conclude(study_files: StudyFiles, screen: Progress) -> None:
    with screen.status("drawing the report"):
        wrong = study_files.conclude()
    if wrong:
        screen.warn(f"The report could not be made ({wrong}); the study is complete: see report.log in its folder")


def _searched(sweep: Sweep, executor: Executor, screen: Progress) -> Outcome:
    """Searches, and draws the report."""
    study_files, on_seeds = sweep.files, OnSeeds(sweep)
    steering = Steering(on_seeds)
    outcome = run_sweep(sweep, executor, on_seeds, steering)
    on_seeds.leave()
    steering.close()
    study_files.ended, study_files.nodes = outcome.why, executor.nodes
    if outcome.is_interrupted:  # after Ctrl-C no pictures are drawn
        study_files.write_summary()
    else:
        _conclude(study_files, screen)
    return outcome


def _run(sweep: Sweep, executor: Executor, screen: Progress) -> Outcome:
    """Searches, draws the report, waits for MLflow, and for the command that is told of it."""
    plan, study_files, tracker = sweep.plan, sweep.files, sweep.files.tracker
    try:
        outcome = _searched(sweep, executor, screen)
        sweep.tell("failed" if outcome.has_failed else "ended", reason=outcome.why)
    except Exception as error:
        sweep.tell("failed", reason=str(error))
        if isinstance(error, Unavailable):
            study_files.finish(TrialState.INTERRUPTED)
            tracker.close()
        sweep.on_event.close()
        raise
    study_files.finish(TrialState.INTERRUPTED if outcome.is_interrupted else TrialState.COMPLETE)
    with screen.status("bringing MLflow up to date"):
        caught_up = tracker.close()
    with (
        screen.status(f"waiting for study.on_event={plan.settings.study.on_event}") if plan.on_event else nullcontext()
    ):
        sweep.on_event.close()
    if not caught_up:
        screen.warn(f"tracking is behind in {tracker.uri}: the folders have everything; bring it up to date with: "
                    f"{command_text(plan, 'sync')}")  # fmt: skip
    else:
        study_files.note_settled()
    return outcome


def planned(composed: Composed, say: Say, transfer: Transfer) -> tuple[Plan, dict[str, Any]]:
    """Returns the plan of a search with the defaults that its study was begun with, and the study's identity.

    Args:
        composed: What is searched.
        say: Reports what is done, in lines.
        transfer: Shows a download.

    Raises:
        UserError: The study was begun as another one, unless `study.fork` or `study.revise` asks for that.
    """
    plan = make_plan(composed, say, transfer)
    now = identity(plan.plain, plan.description.digest)
    if plan.settings.study.fork or (plan.settings.study.revise and is_revision(plan.folder, now)):
        return plan, now
    if (begun := as_begun(composed, plan.folder, now)) is not None:
        plan = make_plan(begun[0], say, transfer)
        now = identity(plan.plain, plan.description.digest)
        say(f"Study {plan.folder.name} was begun with other defaults and goes on with its own: "
                     f"{' '.join(begun[1])}", wrap=True)  # fmt: skip
    check_not_another(plan.folder, now)
    return plan, now


def _with_fork(plan: Plan, now: dict[str, Any], say: Say) -> Plan:
    """Returns the plan of the fork that `study.fork` asks for, of the study itself where there is nothing to fork."""
    if not plan.folder.config.exists():
        say(f"study.fork=true: {plan.folder.name} is a new study, so there is nothing to take over")
    plan = forked(plan, now, say)
    check_not_another(plan.folder, now)
    return plan


@dataclass(frozen=True)
class Searched:
    """What a call has left: the exit code, and the study's folder."""

    code: int
    folder: StudyFolder


def search(composed: Composed, screen: Progress, transfer: Transfer) -> Searched:
    """Runs a search, from where an earlier call on the same study has ended.

    Args:
        composed: What is searched.
        screen: Shows what happens.
        transfer: Shows a download.

    Raises:
        UserError: The first thing that is wrong; nothing has been trained.
        Unavailable: The data or the disk.
    """
    began = time.monotonic()
    plan, now = planned(composed, screen.say, transfer)
    if plan.settings.study.fork and not (plan.settings.study.revise and is_revision(plan.folder, now)):
        plan = _with_fork(plan, now, screen.say)
    settings, limits = plan.settings, plan.settings.search
    curve = shown_curve(settings.objectives[0], metric_table(plan.task, plan.plain))
    scope = Scope(plan.folder.name, curve, limits.n_trials, seconds=seconds_allowed(limits))
    screen.begin(scope)
    tracker = Tracker(settings.tracking, settings.runs_folder, screen.warn, lambda: stop_from_mlflow(plan.folder))
    batch = Batch(plan.base, plan.description, plan.composer.allowed, plan.flags, composed.line)
    memory = batch.memory()
    shared = None
    with locked(plan.folder), ExitStack() as stack:
        if is_new := not plan.folder.journal.exists():
            # The fork server imports what trials need: time enough for MLflow's import, and for the data.
            tracker.warm_up()
            executor = _executor(plan, screen, stack)
            shared = stack.enter_context(memory)
            _try(plan, screen, min(workers(settings.runtime), executor.slots))
        if plan.settings.study.revise and is_revision(plan.folder, now):
            revise(plan, now, screen.say)
        finish(plan)
        keep_identity(plan.folder, now)
        settle_in(plan.folder, screen.say)
        found = plan.search()
        screen.begin(replace(scope, done=found.finished.counts))
        if found.truncated:
            name = plan.folder.journal.name
            screen.warn(
                f"{name} was truncated, maybe by a power cut: {found.truncated} bytes are now in {name}.truncated"
            )
        study_files = StudyFiles(plan, found, tracker, composed.line)
        if study_files.is_settled():
            study_files.note_settled()
            outro(plan, found, study_files, screen, Outcome(0, "finished before, nothing to do"), 0)
            return Searched(0, plan.folder)
        if not is_new:
            executor = _executor(plan, screen, stack)
            shared = stack.enter_context(memory)
        study_files.slots = executor.slots
        study_files.at_once = at_once = min(workers(settings.runtime), executor.slots)
        screen.begin(replace(scope, workers=at_once, done=found.finished.counts))
        intro(plan, found, screen, study_files.lost, at_once)
        study_files.start()
        outcome = _run(Sweep(plan, found, study_files, replace(batch, shared=shared), screen), executor, screen)
    outro(plan, found, study_files, screen, outcome, time.monotonic() - began)
    if executor.nodes:
        screen.say(nodes_in_words(executor.nodes), wrap=True)
    return Searched(outcome.code, plan.folder)


def _executor(plan: Plan, screen: Progress, stack: ExitStack) -> Executor:
    """Returns the executor, which is closed with the stack; says what nodes a cluster has."""
    with screen.status("waiting for a place to run trials"):
        executor = stack.enter_context(closing(make_executor(plan.settings.runtime, plan.task)))
    if executor.nodes:
        names = ", ".join(f"{node.name} ({node.slots} slots)" for node in executor.nodes)
        screen.say(f"Nodes: {names}", wrap=True)
    return executor


def _try(plan: Plan, screen: Progress, at_once: int) -> None:
    """Finds out, before the first trial, what a new search costs, or whether its task can run at all."""
    if hasattr(plan.task, "probe"):
        cost_text(plan, screen, at_once)
    else:
        check_ready(plan.base, plan.composer.allowed, plan.settings.runtime)
