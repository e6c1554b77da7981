"""`mnist-sweep sweep`: checks, runs and reports a search."""

import shlex
import time
from typing import Any

from mnist_sweep.call import Call
from mnist_sweep.config.space import as_literal
from mnist_sweep.executors import LocalExecutor
from mnist_sweep.hold import check_same_study, locked
from mnist_sweep.launch import shortest
from mnist_sweep.record import Record
from mnist_sweep.searching import Plan, make_plan, workers
from mnist_sweep.study import Search
from mnist_sweep.sweep import Outcome, run_sweep
from mnist_sweep.terminal import Screen, duration
from mnist_sweep.tracking import Tracker


def _intro(plan: Plan, search: Search, screen: Screen) -> None:
    settings, data = plan.settings, plan.description
    names = " and ".join(settings.search.metric)
    size = f"up to {settings.search.n_trials} trials of {names}, {screen.workers} at a time"
    screen.say(f"Study {plan.folder.name}: {size}, in {shortest(plan.folder.path)}")
    screen.say(f"Data {data.name}: {data.train_images:,} images to train, {data.validation_images:,} to validate")
    names = ", ".join(dict.fromkeys(parameter.key for parameter in plan.parameters))
    screen.say(f"Searched: {names}", wrap=True)
    if not search.prunes and not settings.pruner.target.endswith("NopPruner"):
        why = "there are several metrics" if len(search.metrics) > 1 else f"{names} is not known before the end"
        screen.say(f"No pruning: {why}")
    if screen.done:
        screen.say(f"Going on: {screen.done} trials have ended before")


def _command(plan: Plan, *words: str) -> str:
    """A command that can be pasted: it says where the runs lie if that is not `runs`."""
    folder = shortest(plan.settings.runs_folder)
    return shlex.join(["mnist-sweep", *words, *([] if folder == "runs" else [f"runs_folder={as_literal(folder)}"])])


def _outro(plan: Plan, search: Search, record: Record, screen: Screen, outcome: Outcome, seconds: float) -> None:
    counts = record.counts()
    screen.say("")
    screen.say(f"Study {plan.folder.name}: {outcome.why}; {counts['COMPLETE']} complete, {counts['PRUNED']} pruned, "
               f"{counts['FAIL']} failed, in {duration(seconds)}")  # fmt: skip
    best = search.best()
    if best is None or best.values is None:
        screen.say("No trial is complete yet")
    else:
        baseline = next((s for s in search.finished() if s.number == 0 and s.values), None)
        against = f" (the baseline, trial 0: {baseline.values[0]:.4f})" if baseline and baseline.values else ""
        screen.say(f"Best: {record.best_line()}{against}", style="bold")
        if front := search.front():
            screen.say(f"Pareto front: trials {', '.join(map(str, front))}")
        screen.say("Run it again:")
        screen.say(f"  {record.best_command()}")
        allowed = [o for o in plan.composer.base if o.startswith("runtime.allowed_targets=")]
        screen.say(f"Reproduce it to the bit: {_command(plan, 'reproduce', f'study={plan.folder.name}', *allowed)}")
        screen.say(f"Its folder: {shortest(plan.folder.trial(best.number).path)}")
    if plan.settings.tracking.enabled:
        screen.say(f"Browse: {_command(plan, 'ui')} ({record.tracker.uri})")
    if outcome.code == 130:
        screen.say("Run the same command to go on", style="bold")


def main(call: Call) -> tuple[int, Any]:
    """Searches, from where an earlier call of the same study has ended."""
    began = time.monotonic()
    executor = LocalExecutor()
    screen = Screen("sweep", "val_accuracy", 0, 1)
    plan = make_plan(call, screen.say, executor.warm_up)
    with locked(plan.folder):
        check_same_study(plan.folder, plan.plain)
        search = Search(plan.folder.journal, plan.folder.name, plan.settings, plan.parameters, plan.values)
        done = {state: sum(s.state == state for s in search.finished()) for state in ("COMPLETE", "PRUNED", "FAIL")}
        screen = Screen(
            plan.folder.name,
            plan.settings.search.metric[0],
            plan.settings.search.n_trials,
            workers(plan.settings),
            done,
        )
        if sum(done.values()) >= plan.settings.search.n_trials:
            tracker = Tracker(
                plan.settings.tracking.__class__(False, None, "none"), plan.settings.runs_folder, screen.warn
            )
            _outro(
                plan,
                search,
                Record(plan, search, tracker, call.line),
                screen,
                Outcome(0, "finished before, nothing to do"),
                0,
            )
            return 0, None
        tracker = Tracker(plan.settings.tracking, plan.settings.runs_folder, screen.warn)
        record = Record(plan, search, tracker, call.line)
        _intro(plan, search, screen)
        record.start()
        outcome = run_sweep(plan, search, lambda: executor, screen, record)
        record.write_summary()
        record.finish("INTERRUPTED" if outcome.code == 130 else "COMPLETE")
        if not tracker.close():
            screen.warn(f"tracking is behind in {tracker.uri}: the folders have everything")
    _outro(plan, search, record, screen, outcome, time.monotonic() - began)
    return outcome.code, None
