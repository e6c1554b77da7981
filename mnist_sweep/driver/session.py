"""One call of a search from its configuration to its report: what `mnist-sweep sweep` and `mnist_sweep.sweep` do."""

import shlex
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from typing import Any

from mnist_sweep.config import Unavailable, UserError
from mnist_sweep.config.commands import study_command
from mnist_sweep.config.composed import Composed
from mnist_sweep.config.domains import as_literal
from mnist_sweep.config.kernels import chosen
from mnist_sweep.config.metrics import shown_curve
from mnist_sweep.config.secrets import masked
from mnist_sweep.config.sources import sources
from mnist_sweep.config.task import metric_table
from mnist_sweep.driver.budget import in_words, seconds_allowed
from mnist_sweep.driver.earlier import as_begun
from mnist_sweep.driver.estimate import LARGEST, SMALLEST, disk_text, estimate
from mnist_sweep.driver.forecast import forecast
from mnist_sweep.driver.fork import forked
from mnist_sweep.driver.loop import Outcome, Sweep, run_sweep
from mnist_sweep.driver.plan import Plan, make_plan
from mnist_sweep.driver.seeds import OnSeeds
from mnist_sweep.driver.steering import Steering
from mnist_sweep.driver.study_files import StudyFiles
from mnist_sweep.execution import Executor, make_executor
from mnist_sweep.execution.jobs import Batch, shortest, workers
from mnist_sweep.execution.progress import Progress, Scope, nodes_in_words
from mnist_sweep.execution.ready import check_ready
from mnist_sweep.formatting import duration
from mnist_sweep.results.pruning import sentence
from mnist_sweep.search import Search, Standing
from mnist_sweep.storage.copies import settle_in
from mnist_sweep.storage.environment import first_environment, kernels_of
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.identity import check_not_another, identity, keep_identity
from mnist_sweep.storage.lock import locked
from mnist_sweep.storage.state import FINISHED, TrialState
from mnist_sweep.tasks.data import Transfer
from mnist_sweep.tracking import Tracker, study_page, tracking_uri

Say = Callable[..., None]
TIMED_STEPS = 4


def _intro(plan: Plan, search: Search, screen: Progress, lost: list[Standing], at_once: int) -> None:
    settings, data = plan.settings, plan.description
    size = f"{in_words(settings.search)}, {at_once} at a time"
    screen.say(f"Study {plan.folder.name}: {size}, in {shortest(plan.folder.path)}")
    if data:
        screen.say(f"Data {data.name}: {data.train_images:,} images to train, {data.validation_images:,} to validate")
    keys = ", ".join(dict.fromkeys(parameter.key for parameter in plan.parameters))
    screen.say(f"Searched: {keys}", wrap=True)
    if plan.impossible:
        screen.say(str(plan.impossible), wrap=True)
    if settings.tracking.enabled:
        where = tracking_uri(settings.tracking, settings.runs_folder)
        screen.say(f"MLflow: experiment {settings.tracking.experiment} in {where}")
    if not search.prunes and not settings.pruner.target.endswith("NopPruner"):
        why = f"{search.metrics[0]} is not known before the end"
        if len(search.metrics) > 1 and not settings.search.prune_by_first:
            why = "there are several metrics; search.prune_by_first=true prunes by the first one"
        screen.say(f"No pruning: {why}")
    if lost:
        command = plan.command(lost[0].overrides)
        numbers = ", ".join(str(trial.number) for trial in lost)
        screen.say(f"Without their folders, and so left out of every ranking: trials {numbers}; to train one again: "
                   f"{command}", wrap=True)  # fmt: skip
    if done := search.counts.total():
        screen.say(f"Going on: {done} trials have ended before")
        for module in _changed_sources(plan):
            screen.warn(f"{module} has changed since the study began: trials of both are now in one ranking; "
                        "study.name=... begins a new study")  # fmt: skip
        begun, now = kernels_of(plan.folder), chosen()
        if begun and now and chosen(begun) != now:
            screen.say(f"Its trials were trained with {begun}'s kernels, and go on so: those of {now} are faster here, "
                       "for a new study.name", wrap=True)  # fmt: skip


def _changed_sources(plan: Plan) -> list[str]:
    """Returns the modules of somebody's own whose source is another one than that of the study's first trial."""
    first, now = first_environment(plan.folder), sources(plan.base.plain())
    before = (first.sources if first else None) or {}
    return [module for module, digest in before.items() if now.get(module, digest) != digest]


def _command(plan: Plan, *words: str) -> str:
    """Returns a command that can be pasted: it has the runs folder if that is not `runs`."""
    folder = shortest(plan.settings.runs_folder)
    return shlex.join(["mnist-sweep", *words, *([] if folder == "runs" else [f"runs_folder={as_literal(folder)}"])])


def _browse(plan: Plan, uri: str) -> str:
    """Returns where the trials are as a table in MLflow's UI."""
    page = study_page(plan.folder) or ""
    if uri.startswith(("http://", "https://")):
        return f"{masked(uri).rstrip('/')}/{page}"
    return f"{_command(plan, 'ui')}, which opens http://127.0.0.1:5000/{page}"


def _outro(plan: Plan, search: Search, record: StudyFiles, screen: Progress, outcome: Outcome, seconds: float) -> None:
    counts = search.counts
    screen.say("")
    states = ", ".join(f"{counts[state]} {state.word}" for state in FINISHED)
    screen.say(f"Study {plan.folder.name}: {outcome.why}; {states}, in {duration(seconds)}")
    best = search.best()
    if best is None or best.values is None:
        screen.say(record.none_best())
    else:
        baseline = record.baseline()
        against = f" (the baseline, trial 0: {baseline.values[0]:.4f})" if baseline and baseline.values else ""
        screen.say(f"Best: {record.best_line()}{against}", style="bold")
        if front := search.front():
            screen.say(f"Pareto front: trials {', '.join(map(str, front))}")
        screen.say("Run it again:")
        screen.say(f"  {record.best_command()}")
        runs = shortest(plan.settings.runs_folder)
        again = study_command("reproduce", plan.folder.name, plan.settings.runtime.allowed_targets, runs)
        screen.say(f"Reproduce it to the bit: {again}")
        if plan.folder.report.is_file():
            screen.say(f"Report: {shortest(plan.folder.report)}")
        screen.say(f"Its folder: {shortest(plan.folder.trial(best.number).path)}")
    if record.pruning and (text := sentence(record.pruning)):
        screen.say(text, wrap=True)
    if plan.settings.tracking.enabled:
        screen.say(f"Browse: {_browse(plan, record.tracker.uri)}")
    if outcome.is_interrupted:
        screen.say("Run the same command to go on", style="bold")


def _cost(plan: Plan, screen: Progress, at_once: int) -> None:
    """Shows what the search will cost; raises UserError where it does not fit into memory."""
    screen.say("Starting TensorFlow, and trying the smallest and the largest network")
    try:
        cost = estimate(plan, TIMED_STEPS, [SMALLEST, LARGEST])
    except UserError:  # the ends that make the smallest network may not go together
        cost = estimate(plan, TIMED_STEPS, [LARGEST])
    most, limits = cost.networks[LARGEST], plan.settings.search
    screen.say(
        f"Networks of up to {most.parameters:,} parameters, {cost.memory / 1e9:.1f} GB of memory and "
        f"{duration(most.trial_seconds)} a trial; {disk_text(cost)}",
        wrap=True,
    )
    if cost.trial_seconds is None:
        return
    screen.expect(cost.trial_seconds)
    if cost.trials is None:
        screen.say(f"Expected: {duration(cost.trial_seconds)} a trial on average; {in_words(limits)}", wrap=True)
        return
    whole = forecast(cost.trial_seconds, [], cost.trials, [], at_once)
    about = "" if cost.trials == limits.n_trials else "about "  # as many as fit into the time
    earlier = ", unless it ends earlier" if limits.patience or limits.target is not None else ""
    earlier += f"; up to {limits.seeds} times as long for trials on {limits.seeds} seeds" if limits.seeds > 1 else ""
    screen.say(f"Expected: {duration(whole.seconds)} for {about}{cost.trials} trials, between {duration(whole.low)} "
               f"and {duration(whole.high)}{earlier}", wrap=True)  # fmt: skip


def _conclude(record: StudyFiles, screen: Progress) -> None:
    with screen.status("drawing the report"):
        wrong = record.conclude()
    if wrong:
        screen.warn(f"The report could not be made ({wrong}); the study is complete: see report.log in its folder")


def _run(sweep: Sweep, executor: Executor, screen: Progress) -> Outcome:
    """Searches, draws the report, and waits for MLflow."""
    plan, record, tracker = sweep.plan, sweep.files, sweep.files.tracker
    try:
        on_seeds = OnSeeds(sweep)
        steering = Steering(on_seeds)
        outcome = run_sweep(sweep, executor, on_seeds, steering)
        on_seeds.leave()
        steering.close()
        record.ended = outcome.why
        if outcome.is_interrupted:  # after Ctrl-C no pictures are drawn
            record.write_summary()
        else:
            _conclude(record, screen)
    except Unavailable:
        record.finish(TrialState.INTERRUPTED)
        tracker.close()
        raise
    record.finish(TrialState.INTERRUPTED if outcome.is_interrupted else TrialState.COMPLETE)
    with screen.status("bringing MLflow up to date"):
        caught_up = tracker.close()
    if not caught_up:
        screen.warn(f"tracking is behind in {tracker.uri}: the folders have everything; bring it up to date with: "
                    f"{_command(plan, 'sync')}")  # fmt: skip
    else:
        record.note_settled()
    return outcome


def _planned(composed: Composed, say: Say, transfer: Transfer) -> tuple[Plan, dict[str, Any]]:
    """Returns the plan and the study's identity; raises UserError where the study began with another one."""
    plan = make_plan(composed, say, transfer)
    now = identity(plan.plain, plan.description.digest)
    if plan.settings.study.fork:
        if not plan.folder.config.exists():
            say(f"study.fork=true: {plan.folder.name} is a new study, so there is nothing to take over")
        plan = forked(plan, now, say)
    elif (begun := as_begun(composed, plan.folder, now)) is not None:
        plan = make_plan(begun[0], say, transfer)
        now = identity(plan.plain, plan.description.digest)
        say(f"Study {plan.folder.name} was begun with other defaults and goes on with its own: "
                     f"{' '.join(begun[1])}", wrap=True)  # fmt: skip
    check_not_another(plan.folder, now)
    return plan, now


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
    plan, now = _planned(composed, screen.say, transfer)
    settings, limits = plan.settings, plan.settings.search
    curve = shown_curve(settings.objectives[0], metric_table(plan.task, plan.plain))
    scope = Scope(plan.folder.name, curve, limits.n_trials, seconds=seconds_allowed(limits))
    screen.begin(scope)
    tracker = Tracker(settings.tracking, settings.runs_folder, screen.warn)
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
        keep_identity(plan.folder, now)
        settle_in(plan.folder, screen.say)
        found = plan.search()
        screen.begin(replace(scope, done=found.counts))
        if found.truncated:
            name = plan.folder.journal.name
            screen.warn(
                f"{name} was truncated, maybe by a power cut: {found.truncated} bytes are now in {name}.truncated"
            )
        record = StudyFiles(plan, found, tracker, composed.line)
        if record.is_settled():
            record.note_settled()
            _outro(plan, found, record, screen, Outcome(0, "finished before, nothing to do"), 0)
            return Searched(0, plan.folder)
        if not is_new:
            executor = _executor(plan, screen, stack)
            shared = stack.enter_context(memory)
        record.at_once = at_once = min(workers(settings.runtime), executor.slots)
        screen.begin(replace(scope, workers=at_once, done=found.counts))
        _intro(plan, found, screen, record.lost, at_once)
        record.start()
        outcome = _run(Sweep(plan, found, record, replace(batch, shared=shared), screen), executor, screen)
    _outro(plan, found, record, screen, outcome, time.monotonic() - began)
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
        _cost(plan, screen, at_once)
    else:
        check_ready(plan.base, plan.composer.allowed, plan.settings.runtime)
