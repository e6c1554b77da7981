"""`mnist-sweep sweep`: checks, runs and reports a search."""

import shlex
import time
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from mnist_sweep.cli.screen import Screen, transfer
from mnist_sweep.config import Unavailable, UserError
from mnist_sweep.config.composed import Composed
from mnist_sweep.config.kernels import chosen
from mnist_sweep.config.metrics import METRICS, shown_curve
from mnist_sweep.config.secrets import masked
from mnist_sweep.config.space import as_literal
from mnist_sweep.execution import make_executor
from mnist_sweep.execution.jobs import Batch, shortest, workers
from mnist_sweep.formatting import duration
from mnist_sweep.results.pruning import sentence
from mnist_sweep.search import Search, Standing
from mnist_sweep.storage.copies import settle_in
from mnist_sweep.storage.environment import kernels_of
from mnist_sweep.storage.identity import check_not_another, identity, keep_identity
from mnist_sweep.storage.lock import locked
from mnist_sweep.storage.state import FINISHED, TrialState
from mnist_sweep.sweep.earlier import as_begun
from mnist_sweep.sweep.estimate import LARGEST, SMALLEST, estimate
from mnist_sweep.sweep.forecast import forecast
from mnist_sweep.sweep.fork import forked
from mnist_sweep.sweep.loop import Outcome, Sweep, run_sweep
from mnist_sweep.sweep.plan import Plan, make_plan
from mnist_sweep.sweep.study_files import StudyFiles
from mnist_sweep.tracking import Tracker, study_page, tracking_uri

TIMED_STEPS = 4


def _intro(plan: Plan, search: Search, screen: Screen, lost: list[Standing]) -> None:
    settings, data = plan.settings, plan.description
    names = " and ".join(settings.search.metric)
    size = f"up to {settings.search.n_trials} trials of {names}, {screen.workers} at a time"
    screen.say(f"Study {plan.folder.name}: {size}, in {shortest(plan.folder.path)}")
    screen.say(f"Data {data.name}: {data.train_images:,} images to train, {data.validation_images:,} to validate")
    keys = ", ".join(dict.fromkeys(parameter.key for parameter in plan.parameters))
    screen.say(f"Searched: {keys}", wrap=True)
    if plan.impossible:
        screen.say(str(plan.impossible), wrap=True)
    if settings.tracking.enabled:
        where = tracking_uri(settings.tracking, settings.runs_folder)
        screen.say(f"MLflow: experiment {settings.tracking.experiment} in {where}")
    if not search.prunes and not settings.pruner.target.endswith("NopPruner"):
        why = "there are several metrics" if len(search.metrics) > 1 else f"{names} is not known before the end"
        screen.say(f"No pruning: {why}")
    if lost:
        command = plan.command(lost[0].overrides)
        numbers = ", ".join(str(trial.number) for trial in lost)
        screen.say(f"Without their folders, and so left out of every ranking: trials {numbers}; to train one again: "
                   f"{command}", wrap=True)  # fmt: skip
    if screen.done:
        screen.say(f"Going on: {screen.done} trials have ended before")
        begun, now = kernels_of(plan.folder), chosen()
        if begun and now and chosen(begun) != now:
            screen.say(f"Its trials were trained with {begun}'s kernels, and go on so: those of {now} are faster here, "
                       "for a new study.name", wrap=True)  # fmt: skip


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


def _outro(plan: Plan, search: Search, record: StudyFiles, screen: Screen, outcome: Outcome, seconds: float) -> None:
    counts = search.counts
    screen.say("")
    states = ", ".join(f"{counts[state]} {state.word}" for state in FINISHED)
    screen.say(f"Study {plan.folder.name}: {outcome.why}; {states}, in {duration(seconds)}")
    best = search.best()
    if best is None or best.values is None:
        screen.say("No trial is complete yet")
    else:
        baseline = record.baseline()
        against = f" (the baseline, trial 0: {baseline.values[0]:.4f})" if baseline and baseline.values else ""
        screen.say(f"Best: {record.best_line()}{against}", style="bold")
        if front := search.front():
            screen.say(f"Pareto front: trials {', '.join(map(str, front))}")
        screen.say("Run it again:")
        screen.say(f"  {record.best_command()}")
        allowed = [o for o in plan.composer.base if o.startswith("runtime.allowed_targets=")]
        screen.say(f"Reproduce it to the bit: {_command(plan, 'reproduce', plan.folder.name, *allowed)}")
        if plan.folder.report.is_file():
            screen.say(f"Report: {shortest(plan.folder.report)}")
        screen.say(f"Its folder: {shortest(plan.folder.trial(best.number).path)}")
    if record.pruning and (text := sentence(record.pruning)):
        screen.say(text, wrap=True)
    if plan.settings.tracking.enabled:
        screen.say(f"Browse: {_browse(plan, record.tracker.uri)}")
    if outcome.is_interrupted:
        screen.say("Run the same command to go on", style="bold")


def _cost(plan: Plan, screen: Screen) -> None:
    """Shows what the search will cost; raises UserError where it does not fit into memory."""
    screen.say("Starting TensorFlow, and trying the smallest and the largest network")
    try:
        cost = estimate(plan, TIMED_STEPS, [SMALLEST, LARGEST])
    except UserError:  # the ends that make the smallest network may not go together
        cost = estimate(plan, TIMED_STEPS, [LARGEST])
    most, limits = cost.networks[LARGEST], plan.settings.search
    screen.say(
        f"Networks of up to {most.parameters:,} parameters, {cost.memory / 1e9:.1f} GB of memory and "
        f"{duration(most.trial_seconds)} a trial; {cost.disk / 1e6:,.0f} MB of disk in all",
        wrap=True,
    )
    if cost.trial_seconds is None:
        return
    screen.prior = cost.trial_seconds
    whole = forecast(cost.trial_seconds, [], limits.n_trials, [], screen.workers)
    earlier = ", unless it ends earlier" if limits.timeout or limits.target is not None else ""
    screen.say(f"Expected: {duration(whole.seconds)} for {limits.n_trials} trials, between {duration(whole.low)} and "
               f"{duration(whole.high)}{earlier}", wrap=True)  # fmt: skip


def _conclude(record: StudyFiles, screen: Screen) -> None:
    with screen.status("drawing the report"):
        wrong = record.conclude()
    if wrong:
        screen.warn(f"The report could not be made ({wrong}); the study is complete: see report.log in its folder")


def _run(sweep: Sweep, screen: Screen) -> Outcome:
    """Searches, draws the report, and waits for MLflow."""
    plan, record, tracker = sweep.plan, sweep.files, sweep.files.tracker
    try:
        outcome = run_sweep(sweep, make_executor(plan.settings.runtime))
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


def _planned(composed: Composed) -> tuple[Plan, dict[str, Any]]:
    """Returns the plan and the study's identity; raises UserError where the study began with another one."""
    say = Screen().say
    plan = make_plan(composed, say, transfer)
    now = identity(plan.plain, plan.description.digest)
    if plan.settings.study.fork:
        if not plan.folder.config.exists():
            say(f"study.fork=true: {plan.folder.name} is a new study, so there is nothing to take over")
        plan = forked(plan, now, say)
    elif (begun := as_begun(composed, plan.folder, now)) is not None:
        plan = make_plan(begun[0], say, transfer)
        now = identity(plan.plain, plan.description.digest)
        Screen().say(f"Study {plan.folder.name} was begun with other defaults and goes on with its own: "
                     f"{' '.join(begun[1])}", wrap=True)  # fmt: skip
    check_not_another(plan.folder, now)
    return plan, now


def main(composed: Composed) -> tuple[int, Any]:
    """Runs the search, from where an earlier call on the same study has ended."""
    began = time.monotonic()
    plan, now = _planned(composed)
    settings, limits = plan.settings, plan.settings.search
    curve = shown_curve(METRICS[limits.metric[0]])
    screen = Screen(plan.folder.name, curve, limits.n_trials, workers(settings.runtime))
    tracker = Tracker(settings.tracking, settings.runs_folder, screen.warn)
    batch = Batch(plan.description, plan.composer.allowed, plan.flags, composed.line, plan.base.data)
    memory = batch.images(settings.runtime)
    shared = None
    with locked(plan.folder), ExitStack() as stack:
        if is_new := not plan.folder.journal.exists():
            # The fork server imports TensorFlow: time enough for MLflow's import, and for the images.
            tracker.warm_up()
            shared = stack.enter_context(memory)
            if not settings.runtime.is_dry:
                _cost(plan, screen)
        keep_identity(plan.folder, now)
        settle_in(plan.folder, screen.say)
        search = Search(plan.folder.journal, plan.folder.name, settings, plan.parameters, plan.values)
        screen.counts.update(search.counts)
        if search.truncated:
            name = plan.folder.journal.name
            screen.warn(
                f"{name} was truncated, maybe by a power cut: {search.truncated} bytes are now in {name}.truncated"
            )
        record = StudyFiles(plan, search, tracker, composed.line)
        if record.is_settled():
            record.note_settled()
            _outro(plan, search, record, screen, Outcome(0, "finished before, nothing to do"), 0)
            return 0, None
        if not is_new:
            shared = stack.enter_context(memory)
        _intro(plan, search, screen, record.lost)
        record.start()
        outcome = _run(Sweep(plan, search, record, replace(batch, shared=shared), screen), screen)
    _outro(plan, search, record, screen, outcome, time.monotonic() - began)
    return outcome.code, None
