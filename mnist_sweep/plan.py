"""`mnist-sweep plan`: what a search would do and cost, without doing it."""

import math
import tempfile
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from mnist_sweep.call import Call
from mnist_sweep.config import TrialConfig, UserError
from mnist_sweep.config.space import Choice, Parameter
from mnist_sweep.config.space_check import ends
from mnist_sweep.executors import Executor, Failed, Job, LocalExecutor
from mnist_sweep.launch import run_one
from mnist_sweep.searching import Plan, make_plan, workers
from mnist_sweep.terminal import duration

STEPS = 8
FIXED_SECONDS = 4  # of a trial, before its first step and after its last: tracing, predictions, figures
FILES_BYTES = 700_000  # of a trial without its model: figures, predictions, tables, and their copy in MLflow's store
BYTES_PER_PARAMETER = 4


def _probe(
    executor: Executor, plan: Plan, configs: list[TrialConfig], steps: int, folder: str
) -> list[dict[str, float]]:
    """Builds networks in a process of their own, and times some steps of each."""
    settings = {"allowed": plan.composer.allowed, "data": plan.description.plain(), "steps": steps}
    job = Job(0, "probe", {"configs": [config.plain() for config in configs]}, folder, settings)
    ended = run_one(executor, job, lambda _row: None)
    if isinstance(ended, Failed):
        raise UserError(f"a network of this space can't be built: {ended.reason}")
    found: list[dict[str, float]] = ended.result["found"]
    return found


def _active(parameter: Parameter, values: Mapping[str, str]) -> bool:
    condition = parameter.condition
    return condition is None or values.get(condition.key) in condition.literals


def _extremes(executor: Executor, plan: Plan, folder: str) -> tuple[dict[str, str], dict[str, str]]:
    """Overrides of the smallest and of the largest network: each parameter of the model at the end that makes it so."""
    searched = [p for p in plan.parameters if p.key.startswith("model.") and _active(p, plan.values)]
    tries = [(p.key, text) for p in searched for text in ends(p.domain)]
    if not tries:
        return {}, {}
    found = _probe(executor, plan, [plan.composer.config({key: text}) for key, text in tries], 0, folder)
    smallest: dict[str, str] = {}
    largest: dict[str, str] = {}
    for parameter in searched:
        sizes = [(f["parameters"], text) for (key, text), f in zip(tries, found, strict=True) if key == parameter.key]
        smallest[parameter.key], largest[parameter.key] = min(sizes)[1], max(sizes)[1]
    return smallest, largest


def seconds_of_a_trial(config: TrialConfig, found: Mapping[str, float], plan: Plan) -> float:
    """Seconds of a whole trial, from the time of a step."""
    data = plan.description
    steps = math.ceil(data.train_images / config.train.batch_size)
    return FIXED_SECONDS + config.train.epochs * (
        steps * found["step_seconds"] + data.validation_images * found["evaluation_seconds"]
    )


def combinations(parameters: list[Parameter]) -> float:
    """How many combinations the unconditional part of a space has; infinite with an interval."""
    total = 1.0
    for parameter in parameters:
        domain = parameter.domain
        if parameter.condition is None:
            if isinstance(domain, Choice):
                total *= len(domain.values)
            else:
                total *= math.inf if domain.step is None else round((domain.high - domain.low) / domain.step) + 1
    return total


def main(call: Call) -> tuple[int, Any]:
    """Checks the whole search, builds its smallest and largest networks, times them, and predicts."""
    console = Console(highlight=False)
    executor = LocalExecutor()
    plan = make_plan(call, console.print, executor.warm_up)
    settings = plan.settings
    with tempfile.TemporaryDirectory() as folder:
        try:
            smallest, largest = _extremes(executor, plan, folder)
            configs = [plan.composer.config(overrides) for overrides in ({}, smallest, largest)]
            found = _probe(executor, plan, configs, STEPS, folder)
        finally:
            executor.close()
    table = Table(box=None, pad_edge=False)
    for column in ("network", "parameters", "step", f"trial of {plan.base.train.epochs} epochs"):
        table.add_column(column, justify="left" if column == "network" else "right")
    seconds = [seconds_of_a_trial(config, f, plan) for config, f in zip(configs, found, strict=True)]
    for name, f, trial in zip(("base configuration (trial 0)", "smallest", "largest"), found, seconds, strict=True):
        table.add_row(name, f"{int(f['parameters']):,}", f"{1000 * f['step_seconds']:.1f} ms", duration(trial))
    searched = ", ".join(dict.fromkeys(p.key for p in plan.parameters))
    count = combinations(plan.parameters)
    console.print(
        f"Study {plan.folder.name}: {settings.search.n_trials} trials, {workers(settings)} at a time", soft_wrap=True
    )
    console.print(
        f"Searched: {searched}" + (f" ({count:,.0f} combinations)" if math.isfinite(count) else ""), soft_wrap=True
    )
    console.print(table)
    # Two at a time share the memory's bandwidth; half of the way from the smallest to the largest is a middling trial.
    whole = settings.search.n_trials * (seconds[1] + seconds[2]) / 2 / workers(settings)
    disk: float = settings.search.n_trials * FILES_BYTES * 2
    disk += settings.study.keep_models * BYTES_PER_PARAMETER * found[2]["parameters"]
    console.print(f"Time: about {duration(whole)} if no trial is pruned; a pruner usually saves half of it or more")
    console.print(
        f"Disk: at most {disk / 1e6:,.0f} MB in {plan.folder.path}, the tracking store included", soft_wrap=True
    )
    console.print("Every parameter was checked at both ends; nothing was written")
    return 0, None
