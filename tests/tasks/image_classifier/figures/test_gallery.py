import re

import numpy as np
import pytest
from matplotlib.colors import to_hex
from PIL import Image

from mnist_sweep.tasks.image_classifier.evaluation import Predictions
from mnist_sweep.tasks.image_classifier.figures import error_gallery
from mnist_sweep.tasks.image_classifier.figures.gallery import MARKED, chosen
from mnist_sweep.tasks.image_classifier.figures.style import VERMILION, save

IMAGES = 600


def _draw(mistakes, seed=0, channels=1):
    """A gallery of so many mistakes; each image has the number of its place as its brightness."""
    labels = np.arange(IMAGES, dtype=np.int32) % 10
    wrong = np.random.default_rng(1).permutation(IMAGES)[:mistakes]
    predicted = labels.copy()
    predicted[wrong] = (labels[wrong] + 3) % 10
    probabilities = np.full((IMAGES, 10), 0.01, np.float32)
    probabilities[wrong, predicted[wrong]] = np.linspace(0.9, 0.5, mistakes)
    images = np.tile(np.arange(IMAGES, dtype=np.float32)[:, None, None, None] / IMAGES, (1, 6, 5, channels))
    return error_gallery(images, Predictions(probabilities, predicted, labels), seed), wrong, labels, predicted


def _shown(figure):
    """The numbers of the images, by their brightness."""
    return [round(float(axes.images[0].get_array().flat[0]) * IMAGES) for axes in figure.axes if axes.images]


@pytest.mark.parametrize("mistakes", [0, 1, 5, 16, 17, 500])
def test_up_to_16_mistakes_are_shown_none_twice(tmp_path, mistakes):
    figure, wrong, labels, predicted = _draw(mistakes)
    shown = _shown(figure)
    assert len(shown) == len(set(shown)) == min(mistakes, 16)
    assert set(shown) <= set(wrong.tolist())
    drawn = [axes for axes in figure.axes if axes.images]
    for image, axes in zip(shown, drawn, strict=True):
        assert axes.get_title().split("\n")[0] == f"Label: {labels[image]}, Prediction: {predicted[image]}"
        assert axes.images[0].get_cmap().name == "Greys"
        assert axes.images[0].get_clim() == (0, 1)
    for axes in figure.axes:  # those left empty too
        assert len(axes.get_xticks()) == len(axes.get_yticks()) == 0
    text = figure.get_suptitle()
    assert text.startswith(f"{mistakes} of 600 images are wrong")
    assert ("drawn at random" in text) == (mistakes > 16)
    save(figure, tmp_path / "gallery.png")
    with Image.open(tmp_path / "gallery.png") as picture:
        picture.load()
        assert picture.width > 600


def test_no_mistake_is_said_in_words():
    figure, *_ = _draw(0)
    assert [text.get_text() for text in figure.texts] == ["0 of 600 images are wrong (0.00%)", "No mistake to show"]


def test_the_same_seed_shows_the_same_images():
    assert _shown(_draw(500, seed=7)[0]) == _shown(_draw(500, seed=7)[0])
    assert _shown(_draw(500, seed=7)[0]) != _shown(_draw(500, seed=8)[0])


def test_the_sample_does_not_depend_on_the_global_state():
    wrong = np.arange(100)
    np.random.seed(1)
    first = chosen(wrong, 3)
    np.random.seed(2)
    assert chosen(wrong, 3).tolist() == first.tolist()


def test_every_mistake_has_the_same_chance():
    counts = np.zeros(40)
    for seed in range(1000):
        counts[chosen(np.arange(40), seed)] += 1
    assert counts.sum() == 16_000
    assert abs(counts - 400).max() < 5 * np.sqrt(1000 * 0.4 * 0.6)


def test_the_most_confident_come_first_and_are_framed():
    figure, wrong, *_ = _draw(500)
    places = [wrong.tolist().index(image) for image in _shown(figure)]
    assert places == sorted(places)
    drawn = [axes for axes in figure.axes if axes.images]
    confidence = [float(re.search(r"confidence (.*)%", axes.get_title())[1]) for axes in drawn]
    assert confidence == sorted(confidence, reverse=True)
    framed = [axes.spines["left"].get_visible() for axes in drawn]
    assert framed == [True] * MARKED + [False] * 12
    assert to_hex(drawn[0].spines["top"].get_edgecolor()).upper() == VERMILION


@pytest.mark.parametrize("channels", [3, 4])
def test_colour_images_are_shown_in_colour(tmp_path, channels):
    figure, *_ = _draw(5, channels=channels)
    assert [axes.images[0].get_array().shape for axes in figure.axes if axes.images] == [(6, 5, channels)] * 5
    save(figure, tmp_path / "gallery.png")
