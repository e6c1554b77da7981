"""The validation images that most networks of a study get wrong."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from mnist_sweep import files
from mnist_sweep.config import TrialConfig, UserError
from mnist_sweep.config.image_classifier import ImageClassifierConfig
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.tasks.data import Description
from mnist_sweep.tasks.image_classifier import data
from mnist_sweep.tasks.image_classifier.evaluation import find_hard_images, read_predictions

LISTED = 100  # in hardest.json


def write_hardest(study: StudyFolder, numbers: Sequence[int], config: TrialConfig, description: Description) -> int:
    """Writes hardest.json and figures/hardest.png: the images that most trials get wrong.

    Args:
        study: The study.
        numbers: The trials that count.
        config: The configuration of one of them, whose data set it is.
        description: What the data set is.

    Returns:
        How many images are hard.
    """
    found: list[Any] = []
    for number in numbers:
        try:
            found.append(read_predictions(study.trial(number).predictions))
        except UserError:
            continue
    if len(found) < 2 or not isinstance(config, ImageClassifierConfig):
        return 0
    labels = found[0].labels
    hard = find_hard_images(np.stack([one.predicted for one in found]), labels)
    content = {"networks": len(found), "images": len(labels), "hard": len(hard),
               "hardest": [asdict(one) for one in hard[:LISTED]]}  # fmt: skip
    files.write_json(study.hardest, content)
    from mnist_sweep.tasks.image_classifier.figures.hard_images import hard_images_gallery
    from mnist_sweep.tasks.image_classifier.figures.style import save

    images = data.validation_images(config.data, description.digests)
    figure = hard_images_gallery(images, hard, len(found), description.class_names)
    save(figure, study.figures / "hardest.png")
    return len(hard)
