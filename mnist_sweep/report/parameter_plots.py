"""The figures of the parameters: importance, each against the objective, all in parallel coordinates."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mnist_sweep.config.domains import Choice, as_number
from mnist_sweep.config.space import Parameter
from mnist_sweep.report.svg import INK, MANY, Drawing, by_logarithm, drawn, inside, limit
from mnist_sweep.results.study import Study
from mnist_sweep.results.trial import Trial
from mnist_sweep.search.importances import Importance
from mnist_sweep.storage.state import TrialState
from mnist_sweep.tasks.image_classifier.figures.style import BLUE, GREEN, GREY


def importance(found: Sequence[Importance], label: str, trials: int) -> Drawing:
    """Draws the importance of each parameter.

    Args:
        found: The parameters' importances, the largest first.
        label: What the trials were compared by.
        trials: How many trials were compared.
    """
    rows = list(found)[::-1]

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.barh([one.key for one in rows], [one.share for one in rows],
                  color=[BLUE if one.is_told else GREY for one in rows])  # fmt: skip
        for place, one in enumerate(rows):
            axes.plot([one.low, one.high], [place, place], color=INK, linewidth=1.2)
            note = f"{one.share:.0%}" if one.is_told else f"{one.share:.0%}, may be chance"
            axes.annotate(note, (one.high, place), (6, 0), textcoords="offset points", va="center", fontsize=8)
        axes.set_xlabel(f"share of the parameters' influence on {label} (PED-ANOVA), with its 90% interval")
        axes.set_xlim(0, 1.3 * max(one.high for one in rows))

    told = [f"{one.key} {one.share:.0%} ({one.low:.0%} to {one.high:.0%})" for one in found if one.is_told]
    what = f"Bars for the share of {len(rows)} parameters in {label} of {trials} trials, with 90% intervals: "
    others = "; the others can't be told from chance" if len(told) < len(rows) else ""
    text = what + (f"{', '.join(told)}{others}." if told else "too few trials to tell any of them from chance.")
    return drawn("Importance of the parameters", text, (9, 0.9 + 0.34 * len(rows)), draw)


def _positions(parameter: Parameter, texts: Sequence[str]) -> tuple[list[float], list[str] | None]:
    """Returns where values lie on an axis, and the labels of a choice, None for a range."""
    if not isinstance(parameter.domain, Choice):
        return [float(text) for text in texts], None
    labels = list(dict.fromkeys([*parameter.domain.literals, *texts]))
    return [float(labels.index(text)) for text in texts], labels


def _chosen(parameter: Parameter, trials: Sequence[tuple[Trial, Mapping[str, str]]]) -> list[tuple[Trial, str]]:
    """Returns the trials that have a value of a parameter which can be drawn, and the value; null lies in no range."""
    own = [(trial, values[parameter.key]) for trial, values in trials if parameter.key in values]
    return [(trial, text) for trial, text in own
            if isinstance(parameter.domain, Choice) or as_number(text) is not None]  # fmt: skip


def _label_choices(axes: Axes, labels: list[str] | None) -> None:
    if labels is not None:
        cut = [label if len(label) <= 14 else f"{label[:13]}…" for label in labels]
        axes.set_xticks(range(len(labels)), cut, rotation=30 if sum(map(len, cut)) > 26 else 0)
        axes.set_xlim(-0.6, len(labels) - 0.4)


def slices(study: Study) -> Drawing:
    """Draws each parameter against what all trials have shown; the complete ones are filled."""
    compared = study.compared
    shown = {trial.number: value for trial, value in compared.values}
    trials = [(trial, study.values_of(trial)) for trial, _ in compared.values]
    columns = 3
    rows = max(1, math.ceil(len(study.parameters) / columns))

    def draw(figure: Figure) -> None:
        values = list(shown.values())
        for index, axes in enumerate(figure.subplots(rows, columns, squeeze=False, sharey=True).flat):
            if index >= len(study.parameters):
                axes.set_visible(False)
                continue
            parameter = study.parameters[index]
            end = limit(axes, values, study.sign)
            chosen = _chosen(parameter, trials)
            spots, labels = _positions(parameter, [text for _, text in chosen])
            heights = [inside(shown[trial.number], end, study.sign) for trial, _ in chosen]
            colours = [GREEN if study.best and t.number == study.best.number else BLUE for t, _ in chosen]
            filled = [colour if t.state is TrialState.COMPLETE else "none"
                      for colour, (t, _) in zip(colours, chosen, strict=True)]  # fmt: skip
            axes.scatter(spots, heights, s=26, linewidths=0.9, edgecolors=colours, facecolors=filled,
                         rasterized=len(chosen) > MANY)  # fmt: skip
            _label_choices(axes, labels)
            if not isinstance(parameter.domain, Choice) and parameter.domain.log:
                by_logarithm(axes)
            axes.set_xlabel(parameter.key)
            axes.grid(True)
            if index % columns == 0:
                axes.set_ylabel(compared.label)

    count = len(study.parameters)
    text = f"A panel for each of {count} parameters: its values against {compared.label} of {len(trials)} trials."
    if any(trial.state is not TrialState.COMPLETE for trial, _ in trials):
        text += " Filled points are complete trials, the others were pruned."
    return drawn("Each parameter against the objective", text, (10, 2.5 * rows), draw)


def parallel(study: Study) -> Drawing:
    """Draws parallel coordinates: a line for each trial, coloured by what all have shown; pruned ones are thin."""
    compared = sorted(study.compared.values, key=lambda pair: study.sign * pair[1])[-MANY:]
    shown = {trial.number: value for trial, value in compared}
    trials = [(trial, study.values_of(trial)) for trial, _ in compared]
    parameters = [parameter for parameter in study.parameters if _chosen(parameter, trials)]

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        scaled: dict[str, dict[int, float]] = {}
        for place, parameter in enumerate(parameters):
            chosen = [(trial.number, text) for trial, text in _chosen(parameter, trials)]
            spots, labels = _positions(parameter, [text for _, text in chosen])
            if labels is None and not isinstance(parameter.domain, Choice) and parameter.domain.log:
                spots = [math.log10(spot) if spot > 0 else math.nan for spot in spots]
            finite = [spot for spot in spots if math.isfinite(spot)] or [0.0]
            low, high = (0, max(1, len(labels) - 1)) if labels is not None else (min(finite), max(finite))
            width = (high - low) or 1.0
            scaled[parameter.key] = {n: (s - low) / width for (n, _), s in zip(chosen, spots, strict=True)}
            ends = (labels[0], labels[-1]) if labels is not None else (_short(low, parameter), _short(high, parameter))
            for height, label in ((-0.05, ends[0]), (1.05, ends[1])):
                axes.text(place, height, label, ha="center", va="top" if height < 0 else "bottom", fontsize=8)
            axes.axvline(place, color=INK, alpha=0.3, linewidth=1)
        low, high = min(shown.values()), max(shown.values())
        for trial, _ in trials:
            share = study.sign * (shown[trial.number] - (low if study.sign > 0 else high)) / ((high - low) or 1.0)
            points = [(x, scaled[p.key][trial.number]) for x, p in enumerate(parameters)
                      if trial.number in scaled[p.key]]  # fmt: skip
            is_best = study.best is not None and trial.number == study.best.number
            colour: Any = GREEN if is_best else colormaps["cividis"](share)
            width = 2.6 if is_best else 1.3 if trial.state is TrialState.COMPLETE else 0.7
            axes.plot(*zip(*points, strict=True), color=colour, linewidth=width,
                      alpha=1 if is_best else 0.7, rasterized=len(trials) > MANY // 2)  # fmt: skip
        axes.set_xticks(range(len(parameters)), [p.key.replace(".", ".\n") for p in parameters], fontsize=8)
        axes.tick_params(axis="x", pad=16, length=0)
        axes.set_yticks([])
        axes.spines[:].set_visible(False)
        axes.set_ylim(-0.02, 1.02)

    counts = f"{len(trials)} trials over {len(parameters)} parameters"
    text = (f"A line for each of {counts}; yellow ones are better by {study.compared.label}, dark ones worse, thin "
            "ones were pruned, the green one is the best.")  # fmt: skip
    return drawn("Parallel coordinates", text, (10, 3.8), draw)


def _short(value: float, parameter: Parameter) -> str:
    is_log = not isinstance(parameter.domain, Choice) and parameter.domain.log
    return f"{10**value if is_log else value:.4g}"
