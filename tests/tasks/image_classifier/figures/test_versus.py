import numpy as np
import pytest

from mnist_sweep.tasks.image_classifier.figures.style import save
from mnist_sweep.tasks.image_classifier.figures.versus import versus_gallery

IMAGES = np.tile(np.arange(200, dtype=np.float32)[:, None, None, None] / 200, (1, 6, 5, 1))


@pytest.mark.parametrize(("first", "second"), [(0, 0), (3, 0), (1, 13), (40, 12)])
def test_both_kinds_are_shown_and_counted(tmp_path, first, second):
    labels = np.zeros(200, np.int32)
    one, two = labels.copy(), labels.copy()
    two[:first] = 4  # only the first network is right
    one[100 : 100 + second] = 5
    figure = versus_gallery(IMAGES, labels, (one, two), ("A", "B"))
    parts = figure.subfigs
    shown = [[round(float(axes.images[0].get_array().flat[0]) * 200) for axes in part.axes if axes.images]
             for part in parts]  # fmt: skip
    assert [len(kind) for kind in shown] == [min(first, 12), min(second, 12)]
    assert all(image < first for image in shown[0])
    assert all(100 <= image < 100 + second for image in shown[1])
    assert parts[0].get_suptitle() == f"only A is right: {first} images"
    assert parts[1].get_suptitle() == f"only B is right: {second} images"
    assert f"both get {200 - first - second} of 200" in figure.get_suptitle()
    for axes in (axes for axes in parts[1].axes if axes.images):
        assert axes.get_title() == "Label: 0\npredictions: 5 and 0"
    save(figure, tmp_path / "versus.png")


def test_classes_have_their_names():
    labels = np.zeros(200, np.int32)
    figure = versus_gallery(IMAGES, labels, (labels, labels + (np.arange(200) < 1)), ("A", "B"), ["cat", "dog"])
    titles = [axes.get_title() for axes in figure.subfigs[0].axes if axes.images]
    assert titles == ["Label: cat\npredictions: cat and dog"]
