"""The style of every figure: colours for the colour-blind, no display, files written atomically."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mnist_sweep.files import replaced

# Okabe and Ito, 2008: distinguishable with every common kind of colour blindness.
BLUE, ORANGE, GREEN, VERMILION, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#6B6B6B"

LONGEST_NAME = 12  # characters of a class's name in a figure

STYLE: Any = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "savefig.dpi": 110,
    "figure.constrained_layout.use": True,
    "text.parse_math": False,  # a $ in a name is a $
}


def styled() -> AbstractContextManager[None]:
    """Returns a context in which figures have this style."""
    return mpl.rc_context(STYLE)


def new_figure(width: float, height: float) -> Figure:
    """Returns an empty figure outside of pyplot's state; width and height are in inches."""
    with styled():
        return Figure(figsize=(width, height), layout="constrained")


def draw_image(axes: Axes, image: NDArray[np.float32] | None) -> None:
    """Draws an image without axes.

    Args:
        axes: Where it is drawn.
        image: (height, width, channels), float32, drawn dark on white if it has one channel, and the mean of them if it
            has neither 1, 3 nor 4; scaled where it is not from 0 to 1. None leaves the axes empty.
    """
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    if image is not None:
        image = image if image.shape[-1] in (1, 3, 4) else image.mean(axis=-1, keepdims=True)
        low, high = min(0.0, float(image.min())), max(1.0, float(image.max()))
        image = (image - low) / (high - low)
        axes.imshow(image[..., 0] if image.shape[-1] == 1 else image, cmap="Greys", vmin=0, vmax=1)


def name_of(number: int, names: Sequence[str]) -> str:
    """Returns what a class is called, cut where it is long; its number where the classes have no names."""
    return names[number][:LONGEST_NAME] if names else str(number)


def save(figure: Figure, file: Path) -> None:
    """Writes a figure as PNG, completely or not at all; creates its folder."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with styled(), replaced(file) as beside:
        figure.savefig(beside, format="png", dpi=STYLE["savefig.dpi"])
