"""The images that one network classifies correctly and another does not."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mnist_sweep.tasks.image_classifier.figures.style import (
    BLUE,
    GREY,
    VERMILION,
    draw_image,
    name_of,
    new_figure,
    styled,
)

COLUMNS = 6
ROWS = 2  # for each of the two


def versus_gallery(
    images: NDArray[np.float32],
    labels: NDArray[np.int32],
    predicted: tuple[NDArray[np.int32], NDArray[np.int32]],
    names: tuple[str, str],
    classes: Sequence[str] = (),
) -> Figure:
    """Returns up to twelve images that only the first network classifies correctly, and as many for the second.

    They are spread evenly over all such images.

    Args:
        images: (images, height, width, channels), float32 from 0 to 1.
        labels: (images,), the true labels.
        predicted: Each network's predicted labels, (images,).
        names: What the networks are called in the figure.
        classes: What the classes are called; none for their numbers.
    """
    right = [one == labels for one in predicted]
    kinds = (np.flatnonzero(right[0] & ~right[1]), np.flatnonzero(right[1] & ~right[0]))
    with styled():
        shown = [_spread(kind, COLUMNS * ROWS) for kind in kinds]
        rows = [max(1, -(-len(kind) // COLUMNS)) for kind in shown]
        figure = new_figure(10.5, 1.2 + sum(2.05 * row + 0.4 for row in rows))
        both = int((right[0] & right[1]).sum())
        figure.suptitle(f"{names[0]} and {names[1]}: both get {both:,} of {len(labels):,} images right", fontsize=11)
        parts: Any = figure.subfigures(2, 1, height_ratios=[2.05 * row + 0.4 for row in rows])
        for part, kind, some, count, name, colour in zip(
            parts, kinds, shown, rows, names, (BLUE, VERMILION), strict=True
        ):
            part.suptitle(f"only {name} is right: {len(kind):,} images", fontsize=11, color=colour)
            if not len(some):
                part.text(0.5, 0.4, "No image to show", ha="center", color=GREY)
                continue
            for index, axes in enumerate(part.subplots(count, COLUMNS, squeeze=False).flat):
                image = some[index] if index < len(some) else None
                draw_image(axes, None if image is None else images[image])
                if image is not None:
                    label, one, other = (name_of(number[image], classes) for number in (labels, *predicted))
                    axes.set_title(f"Label: {label}\npredictions: {one} and {other}", fontsize=9)
        return figure


def _spread(indices: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    if len(indices) <= most:
        return indices
    return np.asarray(indices[np.linspace(0, len(indices) - 1, most).astype(int)])
