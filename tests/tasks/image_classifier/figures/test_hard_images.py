import numpy as np
import pytest
from matplotlib.colors import to_hex

from mnist_sweep.tasks.image_classifier.evaluation import HardImage
from mnist_sweep.tasks.image_classifier.figures.hard_images import SHOWN, hard_images_gallery
from mnist_sweep.tasks.image_classifier.figures.style import VERMILION, save

IMAGES = np.tile(np.arange(100, dtype=np.float32)[:, None, None, None] / 100, (1, 6, 5, 1))


@pytest.mark.parametrize("count", [0, 1, 7, SHOWN, 60])
def test_the_hardest_are_shown_in_their_order_and_possible_label_errors_are_framed(tmp_path, count):
    hard = [HardImage(99 - index, index % 10, 9 - index % 3, 7, index % 2 == 0) for index in range(count)]
    figure = hard_images_gallery(IMAGES, hard, 9)
    drawn = [axes for axes in figure.axes if axes.images]
    shown = [round(float(axes.images[0].get_array().flat[0]) * 100) for axes in drawn]
    assert shown == [one.image for one in hard[:SHOWN]]
    for one, axes in zip(hard, drawn, strict=False):
        assert axes.get_title() == f"Label: {one.label}, called: 7\n{one.wrong} of 9 are wrong"
        framed = axes.spines["left"].get_visible() and to_hex(axes.spines["left"].get_edgecolor()).upper() == VERMILION
        assert framed == one.possible_label_error
    assert figure.get_suptitle().startswith(f"{count} of 100 validation images are wrong for at least half of 9")
    save(figure, tmp_path / "hardest.png")


def test_classes_have_their_names():
    figure = hard_images_gallery(IMAGES, [HardImage(5, 0, 9, 1, False)], 9, ["cat", "dog"])
    assert figure.axes[0].get_title() == "Label: cat, called: dog\n9 of 9 are wrong"
