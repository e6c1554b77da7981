"""Puts a study's figures and tables onto one self-contained page."""

import base64
import math
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mnist_sweep.config import UserError
from mnist_sweep.config.flatten import flatten_space
from mnist_sweep.files import is_full, read_json_or_empty, write_text
from mnist_sweep.formatting import duration
from mnist_sweep.results import confirmation_tables, confirmation_text
from mnist_sweep.results.pruning import Pruning, sentence
from mnist_sweep.results.selection_noise import SelectionNoise, selection_noise
from mnist_sweep.results.selection_noise import sentence as noise_sentence
from mnist_sweep.results.slice_text import COLUMNS, slice_rows
from mnist_sweep.results.slices import by_slice
from mnist_sweep.results.study import Study, read_study
from mnist_sweep.results.trial import Trial
from mnist_sweep.search.importances import importances
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.requests import logged
from mnist_sweep.storage.state import FINISHED, TrialState
from mnist_sweep.tasks.image_classifier.evaluation import read_predictions

if TYPE_CHECKING:
    from mnist_sweep.report.svg import Drawing

BEST = 10
FAILURES = 50
REQUESTS = 50  # to the running search, that are listed


def _url(kind: str, content: bytes) -> Markup:
    return Markup(f"data:{kind};base64,{base64.b64encode(content).decode()}")  # noqa: S704 - letters and digits


def _vector(drawing: "Drawing") -> dict[str, Any]:
    return {"title": drawing.title, "text": drawing.text, "url": _url("image/svg+xml", drawing.svg.encode()),
            "kind": "vector"}  # fmt: skip


def _picture(file: Path, title: str, text: str) -> list[dict[str, Any]]:
    if not file.is_file():
        return []
    return [{"title": title, "text": text, "url": _url("image/png", file.read_bytes()), "kind": "picture"}]


def _figures(study: Study, on_figure: Callable[[str], None]) -> list[dict[str, Any]]:
    """Returns the figures of the search for which there is something to draw."""
    from mnist_sweep.report import parameter_plots, search_plots  # Matplotlib: a sweep's first lines don't wait for it

    wanted: list[tuple[bool, Callable[[Study], Drawing]]] = [
        (bool(study.of_state(*FINISHED)), search_plots.history),
        (any(trial.rows and study.curve in trial.rows[0] for trial in study.trials), search_plots.curves),
    ]
    compared = study.compared
    on_figure("importances")
    found = importances(study.parameters, [(study.values_of(t), value) for t, value in compared.values], study.sign)
    several = len(compared.values) > 1 and bool(study.parameters)
    wanted += [
        (bool(found), lambda _: parameter_plots.importance(found, compared.label, len(compared.values))),
        (several, parameter_plots.slices),
        (several, parameter_plots.parallel),
        (len(compared.values) > 1, search_plots.costs),
    ]
    figures = []
    for is_there, draw in wanted:
        if is_there:
            on_figure("drawing")
            figures.append(_vector(draw(study)))
    return figures


def _winner(study: Study) -> list[dict[str, Any]]:
    best = study.best
    if best is None:
        return []
    folder, name = best.folder.figures, f"trial {best.number}"
    texts = {
        "curves": f"Loss and accuracy of {name} over its epochs, of training and of validation images.",
        "confusion_matrix": f"How often {name} takes which digit for which on the validation images.",
        "error_gallery": f"A sample of the validation images that {name} gets wrong, with what it calls them.",
    }
    titles = {"curves": "Curves", "confusion_matrix": "Confusion matrix", "error_gallery": "Mistakes"}
    return [one for key, text in texts.items()
            for one in _picture(folder / f"{key}.png", f"{titles[key]} of {name}", text)]  # fmt: skip


def _hardest(study: Study) -> list[dict[str, Any]]:
    found = read_json_or_empty(study.folder.hardest)
    if not found:
        return []
    errors = sum(bool(one["possible_label_error"]) for one in found["hardest"])
    text = (
        f"{found['hard']} of {found['images']:,} validation images are wrong for at least half of {found['networks']} "
        f"networks; for {errors} of them all agree on another digit, so the label may be wrong."
    )
    return _picture(study.folder.figures / "hardest.png", "Hardest images", text)


def _slices(study: Study) -> list[dict[str, Any]]:
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


def _row(study: Study, trial: Trial) -> dict[str, Any]:
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


def _pruning(study: Study) -> str:
    """Returns what the pruner saved and how often it was wrong; empty where it did nothing."""
    found = study.summary.pruning if study.summary else None
    try:
        return sentence(Pruning(**found)) if found else ""
    except TypeError:  # of another version
        return ""


def _answer(study: Study, noise: SelectionNoise | None) -> dict[str, Any]:
    best, baseline = study.best, study.baseline
    answer: dict[str, Any] = {"best": None, "baseline": None, "command": None, "sentences": [], "noise": None}
    if best is None:
        return answer
    answer["best"] = f"trial {best.number}, {study.metric} {best.values[0]:.4f}{best.spread(study.metric)}"
    if baseline and baseline.number != best.number:
        gain = best.values[0] - baseline.values[0]
        answer["baseline"] = f"the baseline, trial 0, has {baseline.values[0]:.4f}: a difference of {gain:+.4f}"
    elif baseline:
        answer["baseline"] = "it is the baseline: nothing better was found"
    answer["noise"] = noise_sentence(noise) if noise else None
    answer["command"] = best.environment.command if best.environment else None
    answer["sentences"] = confirmation_text.sentences(study.confirmed) if study.confirmed else []
    return answer


def _trials(number: int) -> str:
    return "1 trial" if number == 1 else f"{number} trials"


def _environment(study: Study) -> list[tuple[str, str]]:
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


def _spaces(study: Study) -> list[dict[str, Any]]:
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


def _render(name: str, content: dict[str, Any]) -> str:
    loader = PackageLoader("mnist_sweep.report", "templates")
    environment = Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    return environment.get_template(name).render(**content, made=time.strftime("%Y-%m-%d %H:%M"))


def _counts(study: Study) -> str:
    names = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL, TrialState.RUNNING, TrialState.INTERRUPTED)
    return ", ".join(f"{n} {state.lower()}" for state in names if (n := len(study.of_state(state)))) or "no trial yet"


def write_report(study: Study, on_figure: Callable[[str], None] = lambda _what: None, file: Path | None = None) -> Path:
    """Writes a study's page.

    Args:
        study: The study.
        on_figure: Is called before each figure.
        file: The page, None for report.html in the study's folder.

    Returns:
        The page.
    """
    from mnist_sweep.report import search_plots

    plain = study.plain
    spans = any(trial.started and trial.ended for trial in study.trials)
    failures = study.of_state(TrialState.FAIL)
    noise = selection_noise(study)
    table = confirmation_tables.table(study.confirmed) if study.confirmed else []
    content = {
        "study": study.name,
        "metrics": study.metrics,
        "counts": _counts(study),
        "seconds": duration(study.summary.wall_seconds if study.summary else 0.0),
        "infeasible": sum(bool(trial.infeasible) for trial in study.of_state(TrialState.COMPLETE)),
        "constraints": ", ".join(plain["search"].get("constraints") or []),
        "requests": [
            (time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(request.at)), request.by, str(request), answer.text)
            for request, answer in logged(study.folder)[-REQUESTS:]
        ],
        "own_note": study.summary.note if study.summary else None,
        "tags": study.summary.tags if study.summary else {},
        "ended": study.summary.ended if study.summary else None,
        "busy": study.summary.busy_fraction if study.summary else None,
        "note": study.traits.note,
        "space": list(flatten_space(plain["search"]["space"], plain["search"]["when"]).items()),
        "spaces": _spaces(study),
        "sampler": str(plain.get("sampler", {}).get("_target_", "")).rpartition(".")[2],
        "pruner": str(plain.get("pruner", {}).get("_target_", "")).rpartition(".")[2],
        "answer": _answer(study, noise),
        "alike": list(noise.alike) if noise else [],
        "reproduce": study.command("reproduce"),
        "confirm": study.command("confirm"),
        "pruning": _pruning(study),
        "confirmed_columns": confirmation_tables.columns(study.confirmed) if study.confirmed else [],
        "confirmed_by": study.confirmed.measure if study.confirmed else "",
        "confirmed": table,
        "difference_columns": confirmation_tables.DIFFERENCES,
        "differences": confirmation_tables.differences(study.confirmed) if study.confirmed else [],
        "wins": confirmation_tables.WINS,
        "slices": _slices(study),
        "figures": _figures(study, on_figure),
        "has_parameters": any("parameters" in trial.metrics for trial in study.ranked[:BEST]),
        "best": [_row(study, trial) for trial in study.ranked[:BEST]],
        "winner": _winner(study),
        "hardest": _hardest(study),
        "nodes": [
            (one.name, one.trials, f"{one.busy:.0%}", one.joined, one.lost)
            for one in (study.summary.nodes if study.summary else None) or []
        ],
        "timeline": [_vector(search_plots.timeline(study))] if spans else [],
        "failures": [(trial.number, trial.reason or "") for trial in failures[:FAILURES]],
        "failed": len(failures),
        "environment": _environment(study),
    }
    file = file or study.folder.report
    file.parent.mkdir(parents=True, exist_ok=True)
    write_text(file, _render("report.html.jinja", content))
    return file


def refresh_report(folder: StudyFolder, first: Callable[[], object] = lambda: None) -> str:
    """Writes report.html, after doing what has to be done before; returns what went wrong, empty if nothing did.

    Pictures must not spoil what went well: the traceback goes to report.log, only a full disk is raised.
    """
    try:
        first()
        write_report(read_study(folder))
    except Exception as error:
        if is_full(error):
            raise
        with (folder.path / "report.log").open("a", encoding="utf-8") as log:
            traceback.print_exception(error, file=log)
        return f"{type(error).__name__}: {error}"
    return ""


def write_comparison(studies: Sequence[Study], file: Path) -> Path:
    """Writes a page for several studies next to each other; returns its path."""
    from mnist_sweep.report import search_plots

    rows = []
    for study in studies:
        best = study.best
        rows.append({
            "study": study.name,
            "counts": _counts(study),
            "best": f"{best.values[0]:.4f}" if best else "none yet",
            "trial": best.number if best else "",
            "seconds": duration(study.summary.wall_seconds if study.summary else 0.0),
            "baseline": f"{study.baseline.values[0]:.4f}" if study.baseline else "",
        })  # fmt: skip
    content = {"names": [study.name for study in studies], "metric": studies[0].metric, "rows": rows,
               "figures": [_vector(search_plots.against_each_other(studies))]}  # fmt: skip
    file.parent.mkdir(parents=True, exist_ok=True)
    write_text(file, _render("comparison.html.jinja", content))
    return file
