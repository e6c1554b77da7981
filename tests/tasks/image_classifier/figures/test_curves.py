import numpy as np
import pytest
from matplotlib import pyplot
from PIL import Image

from mnist_sweep.tasks.image_classifier.figures import curves
from mnist_sweep.tasks.image_classifier.figures.style import new_figure, save


def _rows(epochs):
    return [
        {"epoch": n, "loss": 1 / n, "accuracy": 1 - 0.5 / n, "val_loss": 1 / n + 0.01 * n, "val_accuracy": 1 - 0.6 / n}
        for n in range(1, epochs + 1)
    ]


@pytest.mark.parametrize("epochs", [1, 2, 12])
def test_there_are_four_lines_with_legend_and_grid(tmp_path, epochs):
    rows = _rows(epochs)
    figure = curves(rows, "dnn on digits")
    assert figure.get_suptitle() == "dnn on digits"
    assert len(figure.axes) == 2
    for axes, name in zip(figure.axes, ("loss", "accuracy"), strict=True):
        training, validation = axes.get_lines()
        for line, curve in ((training, name), (validation, f"val_{name}")):
            np.testing.assert_array_equal(line.get_xdata(), range(1, epochs + 1))
            np.testing.assert_array_equal(line.get_ydata(), [row[curve] for row in rows])
            assert line.get_marker() not in ("", "None")  # a single epoch is seen
        texts = [text.get_text() for text in axes.get_legend().get_texts()]
        assert texts[0] == name
        assert texts[1].startswith(f"val_{name} (best ")
        assert axes.xaxis.get_gridlines()[0].get_visible()
        assert axes.yaxis.get_gridlines()[0].get_visible()
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", name)
    save(figure, tmp_path / "curves.png")
    with Image.open(tmp_path / "curves.png") as picture:
        picture.load()


@pytest.mark.parametrize(
    "epochs",
    [1, 2, 5, 30],
)
def test_epochs_are_whole_numbers(epochs):
    for axes in curves(_rows(epochs), "").axes:
        assert all(tick == round(tick) for tick in axes.get_xticks())


def test_the_legend_names_the_best_epoch():
    labels = [axes.get_legend().get_texts()[1].get_text() for axes in curves(_rows(12), "").axes]
    assert labels == ["val_loss (best 0.2000, epoch 10)", "val_accuracy (best 0.9500, epoch 12)"]


def test_pyplot_keeps_no_figure():
    before = pyplot.get_fignums()
    curves(_rows(2), "")
    assert pyplot.get_fignums() == before


def test_a_png_is_saved_whole_into_a_new_folder(tmp_path):
    file = tmp_path / "figures" / "curves.png"
    save(curves(_rows(3), ""), file)
    assert [path.name for path in file.parent.iterdir()] == ["curves.png"]
    content = file.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert content.endswith(b"IEND\xaeB`\x82")


def test_a_figure_that_can_not_be_drawn_leaves_the_old_file(tmp_path):
    file = tmp_path / "curves.png"
    save(curves(_rows(3), ""), file)
    before = file.read_bytes()
    broken = new_figure(1, 1)
    broken.text(0, 0, "$\\nothing{$")  # mathtext refuses this when it is drawn
    with pytest.raises(ValueError, match="nothing"):
        save(broken, file)
    assert file.read_bytes() == before
