"""Vector graphics that fit a light and a dark page, each with an alternative text."""

import io
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from mnist_sweep.storage.state import TrialState
from mnist_sweep.tasks.image_classifier.figures.style import BLUE, GREEN, ORANGE, STYLE, VERMILION

INK = "#010203"  # stands for the page's own colour of text
MANY = 300  # lines that can still be told apart
COLOURS = (BLUE, VERMILION, GREEN, ORANGE, "#CC79A7", "#56B4E9")  # of studies
STATE_COLOURS = {TrialState.COMPLETE: BLUE, TrialState.PRUNED: ORANGE, TrialState.FAIL: VERMILION}
MARKERS = {TrialState.COMPLETE: "o", TrialState.PRUNED: "x", TrialState.FAIL: "v"}
INKED = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color", "axes.titlecolor",
         "legend.labelcolor")  # fmt: skip
SVG_STYLE = "<style>svg{color:#1b1b1b}@media (prefers-color-scheme: dark){svg{color:#e6e6e6}}</style>"


@dataclass(frozen=True)
class Drawing:
    """A figure as SVG.

    Attributes:
        title: Its title.
        text: What it shows, in words: the alternative text.
        svg: The SVG element, to be put into a page.
    """

    title: str
    text: str
    svg: str


def _svg(figure: Figure) -> str:
    """Returns the figure as SVG whose ink is dark on a light page and light on a dark one."""
    out = io.StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None}, dpi=120)
    text = out.getvalue().replace(INK, "currentColor")
    head, _, rest = text[text.index("<svg") :].partition(">")
    return f"{head}>{SVG_STYLE}{rest}"


def drawn(title: str, text: str, size: tuple[float, float], draw: Callable[[Figure], None]) -> Drawing:
    """Returns a figure that a function draws.

    Args:
        title: Its title.
        text: Its alternative text.
        size: Width and height in inches.
        draw: Draws it.
    """
    style: Any = {**STYLE, **dict.fromkeys(INKED, INK), "svg.fonttype": "none", "svg.hashsalt": title,
                  "font.family": "sans-serif", "grid.color": INK, "grid.alpha": 0.15}  # fmt: skip
    with rc_context(style):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure)
        return Drawing(title, text, _svg(figure))


def floor(values: Sequence[float], sign: int) -> float | None:
    """Returns where the axis of the objective ends at its bad side, None to leave it as it is.

    Args:
        values: The objectives that are shown.
        sign: 1 where more is better, -1 where less is.
    """
    if len(values) < 4:
        return None
    good = np.sort(np.asarray(values) * sign)
    low, high = np.quantile(good, [0.25, 1.0])
    end = low - 1.5 * (high - low)
    return None if good[0] >= end else float(sign * end)


def limit(axes: Axes, values: Sequence[float], sign: int) -> float | None:
    """Limits the axis of the objective at its bad side, so that a few bad trials don't flatten all others.

    Args:
        axes: Whose vertical axis shows the objective.
        values: The objectives that are shown.
        sign: 1 where more is better, -1 where less is.

    Returns:
        The value at which the axis ends, None where it is left as it is.
    """
    end = floor(values, sign)
    if end is not None:
        best = max(values, key=lambda value: sign * value)
        margin = 0.04 * abs(best - end)
        axes.set_ylim(*((end - margin, best + margin) if sign > 0 else (best - margin, end + margin)))
    return end


def inside(value: float, end: float | None, sign: int) -> float:
    """Returns the value, or the end of the axis where the value lies beyond it."""
    return value if end is None or sign * value > sign * end else end


def by_logarithm(axes: Axes) -> None:
    """Makes the horizontal axis logarithmic, with labels in plain digits."""
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}" if value >= 1 else f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def whole_numbers(axes: Axes) -> None:
    """Labels the horizontal axis at whole numbers only."""
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
