"""`mnist-sweep plan`: what a search would do and cost, without doing it."""

import math
from contextlib import closing
from dataclasses import replace
from typing import Any

from rich.table import Table

from mnist_sweep.cli.screen import Screen, transfer
from mnist_sweep.config.composed import Composed
from mnist_sweep.config.domains import Choice
from mnist_sweep.config.space import Parameter
from mnist_sweep.config.traits import traits
from mnist_sweep.driver.budget import in_words
from mnist_sweep.driver.estimate import Estimate, disk_text, estimate
from mnist_sweep.driver.forecast import forecast
from mnist_sweep.driver.probe import free_memory
from mnist_sweep.driver.session import planned
from mnist_sweep.execution import make_executor
from mnist_sweep.execution.jobs import workers
from mnist_sweep.execution.ready import check_ready
from mnist_sweep.formatting import duration

STEPS = 8


def combinations(parameters: list[Parameter]) -> float:
    """Returns how many combinations the unconditional part of a space has; infinite with an interval."""
    total = 1.0
    for parameter in parameters:
        domain = parameter.domain
        if parameter.condition is None:
            if isinstance(domain, Choice):
                total *= len(domain.values)
            else:
                total *= math.inf if domain.step is None else round((domain.high - domain.low) / domain.step) + 1
    return total


def _time(cost: Estimate, at_once: int, n_trials: int | None) -> str:
    """The expected time in a line."""
    if cost.trials is None or cost.seconds is None:
        return f"Time: {duration(cost.trial_seconds or 0)} a trial; it is open how many there will be"
    whole = forecast(cost.trial_seconds, [], cost.trials, [], at_once)
    fitting = "" if cost.trials == n_trials else f" for about {cost.trials} trials"  # as many as fit into the time
    return (
        f"Time: {duration(whole.seconds)} expected{fitting}, between {duration(whole.low)} and {duration(whole.high)}; "
        f"{duration(cost.seconds)} if no trial is pruned"
    )


def main(composed: Composed) -> tuple[int, Any]:
    """Checks the entire search, builds and times its smallest and largest networks, and shows the estimate."""
    screen = Screen()
    plan, _ = planned(composed, screen.say, transfer)
    settings = plan.settings
    with closing(make_executor(settings.runtime, plan.task)) as executor:  # checks the nodes of a cluster
        at_once = min(workers(settings.runtime), executor.slots)
    plan = replace(plan, settings=replace(settings, runtime=replace(settings.runtime, workers=at_once)))
    searched = ", ".join(dict.fromkeys(p.key for p in plan.parameters))
    count = combinations(plan.parameters)
    screen.say(f"Study {plan.folder.name}: {in_words(settings.search)}, {at_once} at a time")
    screen.say(f"Searched: {searched}" + (f" ({count:,.0f} combinations)" if math.isfinite(count) else ""))
    if plan.impossible:
        screen.say(str(plan.impossible))
    elif plan.drawable.refused:
        screen.say(plan.drawable.said)
    if note := traits(plan.task).note:
        screen.say(note)
        return 0, None
    if not hasattr(plan.task, "probe"):
        check_ready(plan.base, plan.composer.allowed, settings.runtime)
        screen.say("What a trial takes is not known before the first one. Nothing was written")
        return 0, None
    cost = estimate(plan, STEPS)
    table = Table(box=None, pad_edge=False)
    for column in ("network", "parameters", "step", f"trial of {plan.base.epochs} epochs"):
        table.add_column(column, justify="left" if column == "network" else "right")
    for name, network in cost.networks.items():
        step = f"{1000 * network.step_seconds:.1f} ms"
        table.add_row(name, f"{network.parameters:,}", step, duration(network.trial_seconds))
    screen.console.print(table)
    screen.say(_time(cost, at_once, settings.search.n_trials))
    screen.say(f"Memory: up to {cost.memory / 1e9:.1f} GB a trial, {free_memory() / 1e9:.1f} GB are free")
    screen.say(f"At most {disk_text(cost)}, in {plan.folder.path}, the tracking store included")
    screen.say("Every parameter was checked at both ends; nothing was written")
    return 0, None
