"""The pictures of a study's page: figures of the search, the best trial's own, and the hardest images."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from mnist_sweep.files import read_json_or_empty
from mnist_sweep.results.study import Study
from mnist_sweep.search.importances import importances
from mnist_sweep.storage.state import FINISHED

if TYPE_CHECKING:
    from mnist_sweep.report.svg import Drawing


def _url(kind: str, content: bytes) -> Markup:
    return Markup(f"data:{kind};base64,{base64.b64encode(content).decode()}")  # noqa: S704 - letters and digits


def vector(drawing: "Drawing") -> dict[str, Any]:
    """Returns a figure for the page."""
    return {"title": drawing.title, "text": drawing.text, "url": _url("image/svg+xml", drawing.svg.encode()),
            "kind": "vector"}  # fmt: skip


def _picture(file: Path, title: str, text: str) -> list[dict[str, Any]]:
    if not file.is_file():
        return []
    return [{"title": title, "text": text, "url": _url("image/png", file.read_bytes()), "kind": "picture"}]


def figures(study: Study, on_figure: Callable[[str], None]) -> list[dict[str, Any]]:
    """Returns the figures of the search for which there is something to draw."""
    from mnist_sweep.report import (  # Matplotlib: a sweep's first lines don't wait for it
        cost_plots,
        parameter_plots,
        search_plots,
    )

    wanted: list[tuple[bool, Callable[[Study], Drawing]]] = [
        (bool(study.of_state(*FINISHED)), search_plots.history),
        (any(trial.rows and study.curve in trial.rows[0] for trial in study.trials), search_plots.curves),
    ]
    compared = study.compared
    on_figure("importances")
    found = importances(study.space, [(study.values_of(t), value) for t, value in compared.values], study.sign)
    several = len(compared.values) > 1 and bool(study.parameters)
    wanted += [
        (bool(found), lambda _: parameter_plots.importance(found, compared.label, len(compared.values))),
        (several, parameter_plots.slices),
        (several, parameter_plots.parallel),
        (len(compared.values) > 1, cost_plots.costs),
    ]
    figures = []
    for is_there, draw in wanted:
        if is_there:
            on_figure("drawing")
            figures.append(vector(draw(study)))
    return figures


def winner(study: Study) -> list[dict[str, Any]]:
    """Returns the figures that the best trial has drawn."""
    best = study.best
    if best is None:
        return []
    folder, name = best.folder.figures, f"trial {best.number}"
    texts = {
        "curves": f"Loss and accuracy of {name} over its epochs, of training and of validation images.",
        "confusion_matrix": f"How often {name} takes which class for which on the validation images.",
        "error_gallery": f"A sample of the validation images that {name} gets wrong, with what it calls them.",
    }
    titles = {"curves": "Curves", "confusion_matrix": "Confusion matrix", "error_gallery": "Mistakes"}
    return [one for key, text in texts.items()
            for one in _picture(folder / f"{key}.png", f"{titles[key]} of {name}", text)]  # fmt: skip


def hardest(study: Study) -> list[dict[str, Any]]:
    """Returns the figure of the images that most trials misclassify."""
    found = read_json_or_empty(study.folder.hardest)
    if not found:
        return []
    errors = sum(bool(one["possible_label_error"]) for one in found["hardest"])
    text = (
        f"{found['hard']} of {found['images']:,} validation images are wrong for at least half of {found['networks']} "
        f"networks; for {errors} of them all agree on another class, so the label may be wrong."
    )
    return _picture(study.folder.figures / "hardest.png", "Hardest images", text)
