"""The confusion matrix: which class is predicted for which."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix as count

from mnist_sweep.tasks.image_classifier.figures.style import name_of, new_figure, styled

MOST_NUMBERED = 60  # classes: a larger matrix has colours alone, in the same size


def confusion_matrix(
    labels: NDArray[np.int32], predicted: NDArray[np.int32], classes: int, names: Sequence[str] = ()
) -> Figure:
    """Returns the counts for every pair of label and prediction; only mistakes are coloured, which are few.

    Args:
        labels: (images,), the true labels.
        predicted: (images,), the predicted labels.
        classes: The number of classes.
        names: What they are called; none for their numbers.
    """
    table = count(labels, predicted, labels=range(classes))
    mistakes = table - np.diag(np.diag(table))
    is_large = classes > MOST_NUMBERED
    with styled():
        size = max(5.2, 0.52 * min(classes, MOST_NUMBERED))
        figure = new_figure(size + 0.6, size)
        axes = figure.subplots()
        top = max(1, mistakes.max())
        picture = axes.imshow(mistakes, cmap="Oranges", vmin=0, vmax=top)
        for row, column in () if is_large else np.argwhere(table > 0):
            diagonal = row == column
            dark = not diagonal and mistakes[row, column] > 0.6 * top
            axes.text(
                column,
                row,
                f"{table[row, column]}",
                ha="center",
                va="center",
                fontsize=8,
                color="white" if dark else "black",
                weight="bold" if diagonal else "normal",
            )
        if not is_large:
            texts = [name_of(number, names) for number in range(classes)]
            axes.set_xticks(range(classes), texts, rotation=90 if names else 0)
            axes.set_yticks(range(classes), texts)
        axes.spines[:].set_visible(False)
        axes.set_xlabel("prediction")
        axes.set_ylabel("label")
        axes.set_title(f"Confusion matrix: {np.trace(table):,} of {len(labels):,} right")
        figure.colorbar(picture, ax=axes, label="mistakes", shrink=0.8)
        return figure
