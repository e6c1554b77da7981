"""The images that most networks of a study misclassify."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mnist_sweep.tasks.image_classifier.evaluation import HardImage
from mnist_sweep.tasks.image_classifier.figures.style import GREY, VERMILION, draw_image, name_of, new_figure, styled

SHOWN = 24
COLUMNS = 6


def hard_images_gallery(
    images: NDArray[np.float32], hard: Sequence[HardImage], networks: int, names: Sequence[str] = ()
) -> Figure:
    """Returns the hardest images with their label, the most frequent wrong prediction and how many networks make one.

    Those for which all networks predict the same other class are framed: their labels may be wrong.

    Args:
        images: The validation images, (images, height, width, channels), float32 from 0 to 1.
        hard: The hard images, the hardest first.
        networks: The number of networks.
        names: What the classes are called; none for their numbers.
    """
    some = hard[:SHOWN]
    with styled():
        rows = max(1, -(-len(some) // COLUMNS))
        figure = new_figure(10.5, 1.0 + 2.05 * rows if some else 2.0)
        title = f"{len(hard):,} of {len(images):,} validation images are wrong for at least half of {networks} networks"
        if not some:
            figure.suptitle(title)
            figure.text(0.5, 0.4, "No image to show", ha="center", color=GREY)
            return figure
        errors = sum(one.possible_label_error for one in hard)
        note = f"framed: all networks agree on another class, so the label may be wrong ({errors})"
        figure.suptitle(f"{title}\nthe hardest {len(some)}; {note}", fontsize=11)
        for index, axes in enumerate(figure.subplots(rows, COLUMNS, squeeze=False).flat):
            one = some[index] if index < len(some) else None
            draw_image(axes, None if one is None else images[one.image])
            if one is None:
                continue
            label, called = name_of(one.label, names), name_of(one.called, names)
            axes.set_title(
                f"Label: {label}, called: {called}\n{one.wrong} of {networks} are wrong",
                fontsize=9,
                color=VERMILION if one.possible_label_error else "black",
            )
            if one.possible_label_error:
                axes.spines[:].set(visible=True, color=VERMILION, linewidth=2)
        return figure
