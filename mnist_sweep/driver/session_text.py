"""What a search says at its beginning and at its end."""

import shlex

from mnist_sweep.config import UserError
from mnist_sweep.config.commands import study_command
from mnist_sweep.config.domains import as_literal
from mnist_sweep.config.kernels import chosen
from mnist_sweep.config.secrets import masked
from mnist_sweep.config.sources import sources
from mnist_sweep.config.traits import traits
from mnist_sweep.driver.budget import in_words
from mnist_sweep.driver.estimate import disk_text, estimate
from mnist_sweep.driver.extremes import LARGEST, SMALLEST
from mnist_sweep.driver.forecast import forecast
from mnist_sweep.driver.loop import Outcome
from mnist_sweep.driver.plan import Plan
from mnist_sweep.driver.study_files import StudyFiles
from mnist_sweep.execution.jobs import shortest
from mnist_sweep.execution.progress import Progress
from mnist_sweep.formatting import duration
from mnist_sweep.results.pruning import sentence
from mnist_sweep.search import Search, Standing
from mnist_sweep.storage.environment import first_environment, kernels_of
from mnist_sweep.storage.state import FINISHED
from mnist_sweep.tracking import study_page, tracking_uri

TIMED_STEPS = 4


def intro(plan: Plan, search: Search, screen: Progress, lost: list[Standing], at_once: int) -> None:
    """Says what is searched, where, and what of it has been done before.

    Args:
        plan: The plan.
        search: The search.
        screen: Where it is said.
        lost: The trials that have ended and whose folders are gone.
        at_once: How many trials run at the same time.
    """
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
    if done := search.finished.counts.total():
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


def command_text(plan: Plan, *words: str) -> str:
    """Returns a command that can be pasted: it has the runs folder if that is not `runs`."""
    folder = shortest(plan.settings.runs_folder)
    return shlex.join(["mnist-sweep", *words, *([] if folder == "runs" else [f"runs_folder={as_literal(folder)}"])])


def _browse(plan: Plan, uri: str) -> str:
    """Returns where the trials are as a table in MLflow's UI."""
    page = study_page(plan.folder) or ""
    if uri.startswith(("http://", "https://")):
        return f"{masked(uri).rstrip('/')}/{page}"
    return f"{command_text(plan, 'ui')}, which opens http://127.0.0.1:5000/{page}"


def outro(
    plan: Plan, search: Search, study_files: StudyFiles, screen: Progress, outcome: Outcome, seconds: float
) -> None:
    """Says what has come of the search: its best trial, and how to go on from there."""
    counts = search.finished.counts
    screen.say("")
    states = ", ".join(f"{counts[state]} {state.word}" for state in FINISHED)
    screen.say(f"Study {plan.folder.name}: {outcome.why}; {states}, in {duration(seconds)}")
    best = search.finished.best()
    if best is None or best.values is None:
        screen.say(study_files.none_best())
    else:
        baseline = study_files.baseline()
        against = f" (the baseline, trial 0: {baseline.values[0]:.4f})" if baseline and baseline.values else ""
        screen.say(f"Best: {study_files.best_line()}{against}", style="bold")
        if front := search.finished.front():
            screen.say(f"Pareto front: trials {', '.join(map(str, front))}")
        screen.say("Run it again:")
        screen.say(f"  {study_files.best_command()}")
        runs = shortest(plan.settings.runs_folder)
        again = study_command("reproduce", plan.folder.name, plan.settings.runtime.allowed_targets, runs)
        screen.say(f"Reproduce it to the bit: {again}")
        if plan.folder.report.is_file():
            screen.say(f"Report: {shortest(plan.folder.report)}")
        screen.say(f"Its folder: {shortest(plan.folder.trial(best.number).path)}")
        screen.say(f"Its configuration: {shortest(plan.folder.best)}")
        if not traits(plan.task).note:
            confirm = study_command("confirm", plan.folder.name, plan.settings.runtime.allowed_targets, runs)
            screen.say(f"Judge it on fresh seeds: {confirm}")
    if plan.drawable.refused and not plan.impossible:
        screen.say(plan.drawable.said, wrap=True)
    if study_files.pruning and (text := sentence(study_files.pruning)):
        screen.say(text, wrap=True)
    if plan.settings.tracking.enabled:
        screen.say(f"Browse: {_browse(plan, study_files.tracker.uri)}")
    if outcome.is_interrupted:
        screen.say("Run the same command to go on", style="bold")


def cost_text(plan: Plan, screen: Progress, at_once: int) -> None:
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
    many = plan.repeats
    earlier += f"; up to {many.count} times as long for trials on {many.count} {many.of}" if many.count > 1 else ""
    screen.say(f"Expected: {duration(whole.seconds)} for {about}{cost.trials} trials, between {duration(whole.low)} "
               f"and {duration(whole.high)}{earlier}", wrap=True)  # fmt: skip
