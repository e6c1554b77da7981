"""Puts a study's figures and tables onto one self-contained page."""

import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from mnist_sweep.config.flatten import flatten_space
from mnist_sweep.files import is_full, write_text
from mnist_sweep.formatting import duration
from mnist_sweep.report import pictures, sections
from mnist_sweep.results import confirmation_tables
from mnist_sweep.results.selection_noise import selection_noise
from mnist_sweep.results.study import Study, read_study
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.requests import logged
from mnist_sweep.storage.state import TrialState

BEST = 10
FAILURES = 50
REQUESTS = 50  # to the running search, that are listed


def _render(name: str, content: dict[str, Any]) -> str:
    loader = PackageLoader("mnist_sweep.report", "templates")
    environment = Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    return environment.get_template(name).render(**content, made=time.strftime("%Y-%m-%d %H:%M"))


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
        "counts": sections.counts(study),
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
        "spaces": sections.spaces(study),
        "sampler": str(plain.get("sampler", {}).get("_target_", "")).rpartition(".")[2],
        "pruner": sections.pruner(study),
        "answer": sections.answer(study, noise),
        "alike": list(noise.alike) if noise else [],
        "reproduce": study.command("reproduce"),
        "confirm": study.command("confirm"),
        "pruning": sections.pruning(study),
        "confirmed_columns": confirmation_tables.columns(study.confirmed) if study.confirmed else [],
        "confirmed_by": study.confirmed.measure if study.confirmed else "",
        "confirmed": table,
        "difference_columns": confirmation_tables.DIFFERENCES,
        "differences": confirmation_tables.differences(study.confirmed) if study.confirmed else [],
        "wins": confirmation_tables.WINS,
        "slices": sections.slices(study),
        "figures": pictures.figures(study, on_figure),
        "has_parameters": any("parameters" in trial.metrics for trial in study.ranked[:BEST]),
        "best": [sections.row(study, trial) for trial in study.ranked[:BEST]],
        "winner": pictures.winner(study),
        "hardest": pictures.hardest(study),
        "nodes": [
            (one.name, one.trials, f"{one.busy:.0%}", one.joined, one.lost)
            for one in (study.summary.nodes if study.summary else None) or []
        ],
        "timeline": [pictures.vector(search_plots.timeline(study))] if spans else [],
        "failures": [(trial.number, trial.reason or "") for trial in failures[:FAILURES]],
        "failed": len(failures),
        "environment": sections.environment(study),
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
    from mnist_sweep.report import cost_plots, search_plots

    rows = []
    for study in studies:
        best = study.best
        rows.append({
            "study": study.name,
            "counts": sections.counts(study),
            "best": f"{best.values[0]:.4f}" if best else "none yet",
            "trial": best.number if best else "",
            "seconds": duration(study.summary.wall_seconds if study.summary else 0.0),
            "baseline": f"{study.baseline.values[0]:.4f}" if study.baseline else "",
        })  # fmt: skip
    figures = [search_plots.against_each_other(studies)]
    figures += [cost_plots.costs_together(studies)] if cost_plots.has_costs(studies) else []
    content = {"names": [study.name for study in studies], "metric": studies[0].metric, "rows": rows,
               "figures": [pictures.vector(figure) for figure in figures]}  # fmt: skip
    file.parent.mkdir(parents=True, exist_ok=True)
    write_text(file, _render("comparison.html.jinja", content))
    return file
