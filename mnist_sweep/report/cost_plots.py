"""What accuracy costs: the trials of one search or several, by their parameters and seconds, with the Pareto front."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from mnist_sweep.report.svg import COLOURS, INK, MANY, Drawing, by_logarithm, drawn, floor, inside, limit
from mnist_sweep.results.study import Study
from mnist_sweep.storage.state import TrialState
from mnist_sweep.tasks.image_classifier.figures.style import BLUE, GREY, VERMILION

COSTS = {"parameters": "parameters", "training_seconds": "seconds of training"}


def front(points: Sequence[tuple[float, float]], sign: int) -> list[tuple[float, float]]:
    """Returns the Pareto front: the points that no other beats in both cost and value.

    Args:
        points: Pairs of cost, of which less is better, and value.
        sign: 1 where a larger value is better, -1 where a smaller one is.

    Returns:
        The points of the front by rising cost; of equal values the cheapest.
    """
    chosen: list[tuple[float, float]] = []
    for cost, value in sorted(points, key=lambda point: (point[0], -sign * point[1])):
        if not chosen or sign * value > sign * chosen[-1][1]:
            chosen.append((cost, value))
    return chosen


def costs(study: Study) -> Drawing:
    """Draws what trials have shown against parameters, objectives of which less is better, and training time.

    With the Pareto front of complete trials.
    """
    metrics = [(trial, trial.metrics) for trial in study.ranked]
    others = [one.name for one in study.objectives[1:] if one.sign < 0]
    names = {name: name for name in ("parameters", *others) if any(name in own for _, own in metrics)}
    names["training_seconds"] = COSTS["training_seconds"]
    # Pruned trials have a number of parameters, but not the time and the value of a complete one.
    pruned = [(trial.metrics, value) for trial, value in study.compared.values if trial.state is TrialState.PRUNED]

    def draw(figure: Figure) -> None:
        panels = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
        for axes, (name, label) in zip(panels, names.items(), strict=True):
            points = [(own[name], trial.values[0]) for trial, own in metrics if name in own]
            end = limit(axes, [value for _, value in points], study.sign)
            spots = [(cost, inside(value, end, study.sign)) for cost, value in points]
            early = [(own[name], inside(value, end, study.sign)) for own, value in pruned if name in own]
            if early and name == "parameters":
                axes.scatter(*zip(*early, strict=True), s=22, edgecolors=GREY, facecolors="none",
                             rasterized=len(early) > MANY, label=f"pruned: {study.compared.label}")  # fmt: skip
            if spots:
                axes.scatter(*zip(*spots, strict=True), s=22, color=BLUE, alpha=0.8, rasterized=len(spots) > MANY)
                axes.step(*zip(*front(points, study.sign), strict=True), where="post", color=VERMILION, marker="D",
                          markersize=5, label="no other is both cheaper and better")  # fmt: skip
                axes.xaxis.set_major_formatter(EngFormatter())
            axes.set_xlabel(label)
            axes.grid(True)
        panels[0].set_ylabel(study.metric)
        handles, labels = panels[0].get_legend_handles_labels()
        if handles:
            figure.legend(handles, labels, loc="outside lower center")

    text = f"{study.metric} of {len(metrics)} complete trials against {' and '.join(names.values())}."
    return drawn("What accuracy costs", text, (9, 3.6), draw)


def has_costs(studies: Sequence[Study]) -> bool:
    """Returns whether complete trials of several studies have costs that `costs_together` can draw."""
    return any(name in trial.metrics for study in studies for trial in study.ranked for name in COSTS)


def costs_together(studies: Sequence[Study]) -> Drawing:
    """Draws what the complete trials of several studies have shown against their costs, with one front of all."""
    sign = studies[0].sign
    # Each study has its own bad trials: those of one are not beside the point because another one is better.
    ends = [floor([trial.values[0] for trial in study.ranked], sign) for study in studies]
    ranked = [(study, [(trial.metrics, inside(trial.values[0], end, sign)) for trial in study.ranked])
              for study, end in zip(studies, ends, strict=True)]  # fmt: skip
    names = [name for name in COSTS if any(name in metrics for _, rows in ranked for metrics, _ in rows)]

    def draw(figure: Figure) -> None:
        panels = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
        for axes, name in zip(panels, names, strict=True):
            by_logarithm(axes)
            found = [[(metrics[name], value) for metrics, value in rows if name in metrics] for _, rows in ranked]
            axes.xaxis.set_major_formatter(EngFormatter())
            for index, spots in enumerate(found):
                if spots:
                    axes.scatter(*zip(*spots, strict=True), s=22, color=COLOURS[index % len(COLOURS)],
                                 label=ranked[index][0].name, rasterized=len(spots) > MANY)  # fmt: skip
            points = [point for own in found for point in own]
            axes.step(*zip(*front(points, sign), strict=True), where="post", color=INK, linewidth=1.2,
                      label="no other is both cheaper and better")  # fmt: skip
            axes.set_xlabel(COSTS[name])
            axes.grid(True)
        panels[0].set_ylabel(studies[0].metric)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)

    shown = " and ".join(study.name for study in studies)
    text = (
        f"{studies[0].metric} of {sum(len(rows) for _, rows in ranked)} complete trials of {shown} against "
        f"{' and '.join(COSTS[name] for name in names)}, on a logarithmic axis."
    )
    return drawn("What accuracy costs", text, (10, 4.0), draw)
