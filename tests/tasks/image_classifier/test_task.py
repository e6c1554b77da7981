"""The default task is light, and asks for what it needs."""

import subprocess
import sys

import pytest
from hydra import compose

from mnist_sweep.config import UserError, parse_trial
from mnist_sweep.config.compose import plain
from mnist_sweep.tasks.data import not_shown
from mnist_sweep.tasks.image_classifier.task import ImageClassifier, check_images, prepare_images


def test_it_needs_neither_tensorflow_nor_numpy_before_a_trial() -> None:
    code = "import sys, mnist_sweep.tasks; print([name for name in ('tensorflow', 'numpy') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_images_that_do_not_fit_are_told(hydra_conf: None) -> None:
    config = parse_trial(plain(compose("config", ["data=digits", "model=dnn"])))
    description = prepare_images(config, print, False, not_shown)
    check_images(config, description)
    large = parse_trial(plain(compose("config", ["data=digits", "model=dnn", "train.batch_size=100000"])))
    with pytest.raises(UserError, match=r"train\.batch_size must be at most"):
        check_images(large, description)


def test_it_has_the_sections_that_are_searched() -> None:
    assert tuple(ImageClassifier.sections) == ("data", "model", "optimizer", "train")
    assert ImageClassifier().table_of({}).primary == "val_accuracy"


def test_a_model_of_ones_own_may_have_metrics_of_its_own() -> None:
    ours, theirs = ({"model": {"_target_": target}} for target in ("mnist_sweep.models.cnn", "networks.tiny"))
    with pytest.raises(UserError, match=r"search\.metric must be a metric of a trial, got val_top_2"):
        ImageClassifier().table_of(ours).objective("val_top_2", "maximize")
    assert ImageClassifier().table_of(theirs).objective("val_top_2", "maximize").curve == "val_top_2"
