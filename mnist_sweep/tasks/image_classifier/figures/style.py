"""How every figure looks: colours for the colour-blind, no display, files written whole."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mnist_sweep.files import replaced

# Okabe and Ito, 2008: told apart with every common kind of colour blindness.
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
    """Within it, figures look like ours."""
    return mpl.rc_context(STYLE)


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, in inches, apart from pyplot's state."""
    with styled():
        return Figure(figsize=(width, height), layout="constrained")


def draw_image(axes: Axes, image: NDArray[np.float32] | None) -> None:
    """An image (height, width, channels) from 0 to 1, dark on white if it has one channel; nothing for None."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    if image is not None:
        axes.imshow(image[..., 0] if image.shape[-1] == 1 else image, cmap="Greys", vmin=0, vmax=1)


def save(figure: Figure, file: Path) -> None:
    """Writes a PNG, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with styled(), replaced(file) as beside:
        figure.savefig(beside, format="png", dpi=STYLE["savefig.dpi"])
