"""Loss and accuracy over the epochs."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mnist_sweep.tasks.image_classifier.figures.style import BLUE, VERMILION, new_figure, styled


def curves(rows: Sequence[dict[str, float]], title: str) -> Figure:
    """Returns loss and val_loss on the left, accuracy and val_accuracy on the right, a point for each epoch.

    Args:
        rows: The history, at least one epoch.
        title: Of the figure.
    """
    with styled():
        figure = new_figure(9, 3.8)
        figure.suptitle(title)
        epochs = [row["epoch"] for row in rows]
        for axes, name in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
            axes.plot(epochs, [row[name] for row in rows], color=BLUE, marker="o", markersize=4, label=name)
            validation = [row[f"val_{name}"] for row in rows]
            best = min(validation) if name == "loss" else max(validation)
            label = f"val_{name} (best {best:.4f}, epoch {epochs[validation.index(best)]})"
            axes.plot(epochs, validation, color=VERMILION, marker="s", markersize=4, label=label)
            axes.set_title(name.capitalize())
            axes.set_xlabel("epoch")
            axes.set_ylabel(name)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
            axes.grid(True)
            axes.legend()
        return figure
