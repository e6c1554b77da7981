"""Images that a network misclassifies."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mnist_sweep.tasks.image_classifier.evaluation import Predictions
from mnist_sweep.tasks.image_classifier.figures.style import GREY, VERMILION, draw_image, name_of, new_figure, styled

SHOWN = 16
COLUMNS = 4
MARKED = 4  # the most confident mistakes among those shown


def chosen(wrong: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Returns up to 16 of the mistakes, drawn without replacement, in the order that they have.

    Args:
        wrong: Indices of misclassified images, the most confident mistake first.
        seed: Of the draw.
    """
    if len(wrong) <= SHOWN:
        return wrong
    return wrong[np.sort(np.random.default_rng(seed).choice(len(wrong), SHOWN, replace=False))]


def error_gallery(
    images: NDArray[np.float32], predictions: Predictions, seed: int, names: Sequence[str] = ()
) -> Figure:
    """Returns a sample of the mistakes, each with label, prediction and confidence; the most confident are framed.

    Args:
        images: (images, height, width, channels), float32 from 0 to 1.
        predictions: Of these images.
        seed: Of the sample.
        names: What the classes are called; none for their numbers.
    """
    labels, predicted, wrong = predictions.labels, predictions.predicted, predictions.wrong
    some = chosen(wrong, seed)
    with styled():
        rows = max(1, -(-len(some) // COLUMNS))
        figure = new_figure(8.4, 0.9 + 2.15 * rows if len(some) else 2.0)
        share = len(wrong) / len(images)
        title = f"{len(wrong):,} of {len(images):,} images are wrong ({share:.2%})"
        if len(some) < len(wrong):
            title += f"; {len(some)} of them, drawn at random"
        if not len(some):
            figure.suptitle(title)
            figure.text(0.5, 0.4, "No mistake to show", ha="center", color=GREY)
            return figure
        figure.suptitle(f"{title}\nframed: the most confident mistakes shown", fontsize=11)
        for index, axes in enumerate(figure.subplots(rows, COLUMNS, squeeze=False).flat):
            draw_image(axes, images[some[index]] if index < len(some) else None)
            if index >= len(some):
                continue
            image = some[index]
            confidence = predictions.probabilities[image, predicted[image]]
            marked = index < MARKED
            label, called = name_of(labels[image], names), name_of(predicted[image], names)
            axes.set_title(
                f"Label: {label}, Prediction: {called}\nconfidence {confidence:.1%}",
                fontsize=9,
                color=VERMILION if marked else "black",
            )
            if marked:
                axes.spines[:].set(visible=True, color=VERMILION, linewidth=2)
        return figure
