"""The tables and sentences of a study's page, as plain data for its template."""

import math
from collections import Counter
from typing import Any

from mnist_sweep.config import UserError
from mnist_sweep.config.flatten import flatten_space
from mnist_sweep.formatting import duration
from mnist_sweep.results import confirmation_tables, confirmation_text
from mnist_sweep.results.pruning import Pruning, sentence
from mnist_sweep.results.selection_noise import SelectionNoise
from mnist_sweep.results.selection_noise import sentence as noise_sentence
from mnist_sweep.results.slice_text import COLUMNS, slice_rows
from mnist_sweep.results.slices import by_slice
from mnist_sweep.results.study import Study
from mnist_sweep.results.trial import Trial
from mnist_sweep.storage.state import TrialState
from mnist_sweep.tasks.image_classifier.evaluation import read_predictions


def slices(study: Study) -> list[dict[str, Any]]:
    """Returns tables of the errors by slice: of the finalists on the test images, else of the best trial."""
    found, best = study.confirmed, study.best
    if found and (rows := confirmation_tables.slices(found)):
        columns = confirmation_tables.slice_columns(found)
        return [{"title": "Errors on the test images by slice, with 95% intervals", "columns": columns, "rows": rows}]
    try:
        predictions = read_predictions(best.folder.predictions) if best else None
    except UserError:
        return []
    if best is None or predictions is None:
        return []
    names = best.environment.data.class_names if best.environment else []
    rows = slice_rows([by_slice([predictions], names)])
    title = f"Errors of trial {best.number} on the validation images by slice, with 95% intervals"
    return [{"title": title, "columns": [*COLUMNS, "wrong"], "rows": rows}]


def row(study: Study, trial: Trial) -> dict[str, Any]:
    """Returns a trial as a row of the table of the best."""
    metrics = trial.metrics
    overrides = [f"{key}={value}" for key, value in trial.overrides.items()] or ["the base configuration"]
    return {
        "trial": trial.number,
        "values": [
            one.format(value) + trial.spread(one.name)
            for one, value in zip(study.objectives, trial.values, strict=True)
        ],
        "parameters": f"{int(metrics['parameters']):,}" if "parameters" in metrics else "",
        "seconds": duration(metrics.get("training_seconds", 0.0)),
        "overrides": "\n".join([*overrides, *([f"({trial.origin})"] if trial.origin else [])]),
    }


def pruner(study: Study) -> str:
    """Returns the name of the pruner, or that nothing is pruned, as with several metrics or one that has no curve."""
    name = str(study.plain.get("pruner", {}).get("_target_", "")).rpartition(".")[2]
    by_first = len(study.objectives) == 1 or study.plain["search"].get("prune_by_first")
    has_curve = study.objective.curve is not None
    return name if by_first and has_curve and name != "NopPruner" else "no pruning"


def pruning(study: Study) -> str:
    """Returns what the pruner saved and how often it was wrong; empty where it did nothing."""
    found = study.summary.pruning if study.summary else None
    try:
        return sentence(Pruning(**found)) if found else ""
    except TypeError:  # of another version
        return ""


def answer(study: Study, noise: SelectionNoise | None) -> dict[str, Any]:
    """Returns the best trial beside the baseline, and what is known of how good it is."""
    best, baseline = study.best, study.baseline
    found: dict[str, Any] = {"best": None, "baseline": None, "command": None, "sentences": [], "noise": None}
    if best is None:
        return found
    shown = study.objective.format
    found["best"] = f"trial {best.number}, {study.metric} {shown(best.values[0])}{best.spread(study.metric)}"
    if baseline and baseline.number != best.number:
        gain = best.values[0] - baseline.values[0]
        found["baseline"] = f"the baseline, trial 0, has {shown(baseline.values[0])}: a difference of {gain:+.4f}"
    elif baseline:
        found["baseline"] = "it is the baseline: nothing better was found"
    found["noise"] = noise_sentence(noise) if noise else None
    found["command"] = best.environment.command if best.environment else None
    found["sentences"] = confirmation_text.sentences(study.confirmed) if study.confirmed else []
    return found


def _trials(number: int) -> str:
    return "1 trial" if number == 1 else f"{number} trials"


def environment(study: Study) -> list[tuple[str, str]]:
    """Returns where the study was trained, by name."""
    trial = study.best or next((trial for trial in study.trials if trial.environment), None)
    found = trial.environment if trial else None
    if found is None:
        return []
    names = ("processor", "cores", "platform", "commit", "threads")
    rows = [(name, str(getattr(found, name))) for name in names if getattr(found, name)]
    environments = [trial.environment for trial in study.trials if trial.environment]
    for name, one in (("nodes", "node"), ("machine classes", "machine_class")):
        known = Counter(str(text) for environment in environments if (text := getattr(environment, one)))
        if known:
            rows.append((name, ", ".join(f"{text}: {_trials(number)}" for text, number in sorted(known.items()))))
    if found.dirty:
        rows.append(("uncommitted changes", "yes"))
    data = found.data
    if not data.digests:
        return [*rows, *found.versions.items()]
    counts = f"{data.train_images:,} images to train, {data.validation_images:,} to validate"
    rows.append(("data", f"{data.name}: {counts}, SHA-256 {data.digest[:16]}"))
    return [*rows, *found.versions.items()]


def spaces(study: Study) -> list[dict[str, Any]]:
    """Returns the search spaces that a study has had, each with its trials; none where it has had one."""
    search = study.plain["search"]
    former = study.revisions
    bounds = [0, *(one.until for one in former), math.inf]
    spaces = [*((one.space, one.when) for one in former), (search["space"], search["when"])]
    found = []
    for (space, when), first, until in zip(spaces if former else [], bounds, bounds[1:], strict=False):
        numbers = [trial.number for trial in study.trials if first <= trial.number < until]
        which = f"{_trials(len(numbers))}, {numbers[0]} to {numbers[-1]}" if numbers else "no trial"
        found.append({"trials": which, "rows": list(flatten_space(space, when).items())})
    return found


def counts(study: Study) -> str:
    """Returns how many trials are in which state, in words."""
    names = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL, TrialState.RUNNING, TrialState.INTERRUPTED)
    return ", ".join(f"{n} {state.word}" for state in names if (n := len(study.of_state(state)))) or "no trial yet"
