"""What all figures share."""

import numpy as np
import pytest
from PIL import Image

from mnist_sweep.tasks.image_classifier.figures.style import STYLE, draw_image, new_figure, save


def test_a_figure_is_written_in_its_size_and_leaves_nothing_else(tmp_path):
    save(new_figure(3, 2), tmp_path / "new" / "a.png")
    with Image.open(tmp_path / "new" / "a.png") as picture:
        assert picture.size == (3 * STYLE["savefig.dpi"], 2 * STYLE["savefig.dpi"])
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["a.png"]


@pytest.mark.parametrize(("channels", "shape"), [(1, (4, 5)), (3, (4, 5, 3)), (4, (4, 5, 4))])
def test_an_image_is_drawn_with_its_channels(channels, shape):
    axes = new_figure(1, 1).subplots()
    draw_image(axes, np.full((4, 5, channels), 0.5, np.float32))
    assert axes.images[0].get_array().shape == shape
    assert axes.images[0].get_clim() == (0, 1)


def test_without_an_image_the_axes_are_empty():
    axes = new_figure(1, 1).subplots()
    draw_image(axes, None)
    assert not axes.images
    assert not [spine for spine in axes.spines.values() if spine.get_visible()]
    assert len(axes.get_xticks()) == 0
