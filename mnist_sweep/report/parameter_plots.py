"""The figures of the parameters: importance, each against the objective, all in parallel coordinates."""

import math
from collections.abc import Sequence
from typing import Any

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mnist_sweep.config.space import Choice, Parameter
from mnist_sweep.report.svg import INK, MANY, Drawing, by_logarithm, drawn, inside, limit
from mnist_sweep.results.study import Study
from mnist_sweep.tasks.image_classifier.figures.style import BLUE, GREEN


def importance(found: dict[str, float], metric: str) -> Drawing:
    """Draws the importance of each parameter.

    Args:
        found: Each parameter's share of the influence on the objective, from 0 to 1, the largest first.
        metric: The name of the objective.
    """
    names = list(found)[::-1]

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        bars = axes.barh(names, [found[name] for name in names], color=BLUE)
        axes.bar_label(bars, [f"{found[name]:.0%}" for name in names], padding=3)
        axes.set_xlabel(f"share of the parameters' influence on {metric} (PED-ANOVA)")
        axes.set_xlim(0, 1.1 * max(found.values()))

    most = ", ".join(f"{name} {share:.0%}" for name, share in list(found.items())[:3])
    text = f"Bars for the share of {len(found)} parameters in what makes trials good: {most}."
    return drawn("Importance of the parameters", text, (9, 0.9 + 0.34 * len(names)), draw)


def _positions(parameter: Parameter, texts: Sequence[str]) -> tuple[list[float], list[str] | None]:
    """Returns where values lie on an axis, and the labels of a choice, None for a range."""
    if not isinstance(parameter.domain, Choice):
        return [float(text) for text in texts], None
    labels = list(dict.fromkeys([*parameter.domain.literals, *texts]))
    return [float(labels.index(text)) for text in texts], labels


def _label_choices(axes: Axes, labels: list[str] | None) -> None:
    if labels is not None:
        cut = [label if len(label) <= 14 else f"{label[:13]}…" for label in labels]
        axes.set_xticks(range(len(labels)), cut, rotation=30 if sum(map(len, cut)) > 26 else 0)
        axes.set_xlim(-0.6, len(labels) - 0.4)


def slices(study: Study) -> Drawing:
    """Draws each parameter against the objective."""
    trials = [(trial, study.values_of(trial)) for trial in study.ranked]
    columns = 3
    rows = max(1, math.ceil(len(study.parameters) / columns))

    def draw(figure: Figure) -> None:
        values = [trial.values[0] for trial, _ in trials]
        for index, axes in enumerate(figure.subplots(rows, columns, squeeze=False, sharey=True).flat):
            if index >= len(study.parameters):
                axes.set_visible(False)
                continue
            parameter = study.parameters[index]
            end = limit(axes, values, study.sign)
            chosen = [(own[parameter.key], trial) for trial, own in trials if parameter.key in own]
            spots, labels = _positions(parameter, [text for text, _ in chosen])
            heights = [inside(trial.values[0], end, study.sign) for _, trial in chosen]
            colours = [GREEN if study.best and t.number == study.best.number else BLUE for _, t in chosen]
            axes.scatter(spots, heights, s=20, color=colours, alpha=0.8, rasterized=len(chosen) > MANY)
            _label_choices(axes, labels)
            if not isinstance(parameter.domain, Choice) and parameter.domain.log:
                by_logarithm(axes)
            axes.set_xlabel(parameter.key)
            axes.grid(True)
            if index % columns == 0:
                axes.set_ylabel(study.metric)

    count = len(study.parameters)
    text = f"A panel for each of {count} parameters: its values against {study.metric} of the complete trials."
    return drawn("Each parameter against the objective", text, (10, 2.5 * rows), draw)


def parallel(study: Study) -> Drawing:
    """Draws parallel coordinates: a line for each complete trial, coloured by its objective."""
    trials = [(trial, study.values_of(trial)) for trial in study.ranked[:MANY]][::-1]
    parameters = [p for p in study.parameters if any(p.key in own for _, own in trials)]

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        scaled: dict[str, dict[int, float]] = {}
        for place, parameter in enumerate(parameters):
            chosen = [(trial.number, own[parameter.key]) for trial, own in trials if parameter.key in own]
            spots, labels = _positions(parameter, [text for _, text in chosen])
            if labels is None and not isinstance(parameter.domain, Choice) and parameter.domain.log:
                spots = [math.log10(spot) if spot > 0 else math.nan for spot in spots]
            low, high = (0, max(1, len(labels) - 1)) if labels is not None else (min(spots), max(spots))
            width = (high - low) or 1.0
            scaled[parameter.key] = {n: (s - low) / width for (n, _), s in zip(chosen, spots, strict=True)}
            ends = (labels[0], labels[-1]) if labels is not None else (_short(low, parameter), _short(high, parameter))
            for height, label in ((-0.05, ends[0]), (1.05, ends[1])):
                axes.text(place, height, label, ha="center", va="top" if height < 0 else "bottom", fontsize=8)
            axes.axvline(place, color=INK, alpha=0.3, linewidth=1)
        values = [trial.values[0] for trial, _ in trials]
        low, high = min(values), max(values)
        for trial, own in trials:
            share = study.sign * (trial.values[0] - (low if study.sign > 0 else high)) / ((high - low) or 1.0)
            points = [(x, scaled[p.key][trial.number]) for x, p in enumerate(parameters) if p.key in own]
            is_best = study.best is not None and trial.number == study.best.number
            colour: Any = GREEN if is_best else colormaps["cividis"](share)
            axes.plot(*zip(*points, strict=True), color=colour, linewidth=2.6 if is_best else 1.1,
                      alpha=1 if is_best else 0.7, rasterized=len(trials) > MANY // 2)  # fmt: skip
        axes.set_xticks(range(len(parameters)), [p.key.replace(".", ".\n") for p in parameters], fontsize=8)
        axes.tick_params(axis="x", pad=16, length=0)
        axes.set_yticks([])
        axes.spines[:].set_visible(False)
        axes.set_ylim(-0.02, 1.02)

    counts = f"{len(trials)} complete trials over {len(parameters)} parameters"
    text = f"A line for each of {counts}; yellow ones are better, dark ones worse, the green one is the best."
    return drawn("Parallel coordinates", text, (10, 3.8), draw)


def _short(value: float, parameter: Parameter) -> str:
    is_log = not isinstance(parameter.domain, Choice) and parameter.domain.log
    return f"{10**value if is_log else value:.4g}"
