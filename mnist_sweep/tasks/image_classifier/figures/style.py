"""The style of every figure: colours for the colour-blind, no display, files written atomically."""

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
        image: (height, width, channels), float32 from 0 to 1, drawn dark on white if it has one channel; None leaves
            the axes empty.
    """
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    if image is not None:
        axes.imshow(image[..., 0] if image.shape[-1] == 1 else image, cmap="Greys", vmin=0, vmax=1)


def save(figure: Figure, file: Path) -> None:
    """Writes a figure as PNG, completely or not at all; creates its folder."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with styled(), replaced(file) as beside:
        figure.savefig(beside, format="png", dpi=STYLE["savefig.dpi"])
