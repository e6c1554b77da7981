"""The images that most networks get wrong, of a real study."""

from pathlib import Path

import numpy as np
from PIL import Image

from mnist_sweep.files import read_json
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.tasks.image_classifier.evaluation import HardImage, find_hard_images


def test_hard_images_are_counted_and_named() -> None:
    labels = np.array([0, 1, 2, 3, 4], np.int32)
    predicted = np.array([[0, 7, 2, 5, 9], [0, 7, 2, 6, 9], [0, 7, 1, 6, 4]], np.int32)
    assert find_hard_images(predicted, labels) == [
        HardImage(1, 1, 3, 7, True),  # all call it a 7
        HardImage(3, 3, 3, 6, False),  # all are wrong, but don't agree
        HardImage(4, 4, 2, 9, False),
    ]
    assert find_hard_images(predicted[:, :1], labels[:1]) == []


def test_a_sweep_shows_its_hardest_images(runs: Path) -> None:
    study = StudyFolder(runs / "dnn-digits")
    found = read_json(study.hardest)
    assert (found["networks"], found["images"]) == (4, 360)
    wrong = np.zeros(360, int)
    for number in range(4):
        with np.load(study.trial(number).predictions) as arrays:
            wrong += arrays["predicted"] != arrays["labels"]
    assert found["hard"] == int((wrong >= 2).sum())
    assert [one["wrong"] for one in found["hardest"]] == sorted(wrong[wrong >= 2].tolist(), reverse=True)[:100]
    with Image.open(study.figures / "hardest.png") as picture:
        picture.load()
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{runs / 'mlflow.db'}")
    artifacts = client.list_artifacts(read_json(study.tracking)["run_id"], "figures")
    assert [file.path for file in artifacts] == ["figures/hardest.png"]
