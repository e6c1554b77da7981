import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from mnist_sweep.config import METRICS
from mnist_sweep.config.metrics import curve_best
from mnist_sweep.tasks.image_classifier.evaluation import Predictions, predict, summarize

ROWS = [
    {"epoch": 1, "loss": 0.9, "accuracy": 0.5, "val_loss": 0.7, "val_accuracy": 0.6, "seconds": 2.0, "timestamp": 10.0},
    {"epoch": 2, "loss": 0.5, "accuracy": 0.9, "val_loss": 0.4, "val_accuracy": 0.8, "seconds": 1.0, "timestamp": 11.0},
    {"epoch": 3, "loss": 0.6, "accuracy": 0.7, "val_loss": 0.3, "val_accuracy": 0.8, "seconds": 1.0, "timestamp": 12.0},
    {"epoch": 4, "loss": 0.7, "accuracy": 0.8, "val_loss": 0.5, "val_accuracy": 0.7, "seconds": 1.0, "timestamp": 13.0},
]


def test_a_summary_is_as_by_hand():
    assert summarize(ROWS, 31, 1000) == {
        "loss": 0.7,
        "accuracy": 0.8,
        "val_loss": 0.5,
        "val_accuracy": 0.7,
        "best_loss": 0.5,
        "best_accuracy": 0.9,
        "best_val_loss": 0.3,
        "best_val_accuracy": 0.8,
        "best_epoch": 2,  # of the two with 0.8 the first
        "epochs": 4,
        "parameters": 31,
        "training_seconds": 5.0,
        "images_per_second": 800.0,
    }


def test_a_summary_has_the_metrics_that_a_search_may_name():
    assert set(summarize(ROWS, 1, 1)) == set(METRICS)


def test_one_epoch_is_the_last_and_the_best():
    found = summarize(ROWS[:1], 1, 10)
    assert all(found[name] == found[f"best_{name}"] for name in ("loss", "accuracy", "val_loss", "val_accuracy"))
    assert (found["best_epoch"], found["images_per_second"]) == (1, 5.0)


@pytest.mark.parametrize(("name", "best"), [("val_accuracy", 3), ("best_accuracy", 3), ("val_loss", 1), ("loss", 1)])
def test_the_best_is_the_largest_accuracy_and_the_smallest_loss(name, best):
    assert curve_best(name, [{name: value} for value in (2, 3, 1)]) == best


def test_mistakes_come_in_the_order_of_confidence():
    probabilities = np.array(
        [[0.9, 0.1, 0], [0.6, 0.4, 0], [0.1, 0.2, 0.7], [0.3, 0.6, 0.1], [0.8, 0.1, 0.1]], np.float32
    )
    labels = np.array([0, 1, 0, 2, 0], np.int32)
    predictions = Predictions(probabilities, probabilities.argmax(1).astype(np.int32), labels)
    assert predictions.wrong.tolist() == [2, 1, 3]  # 0.7, then 0.6 twice in the order of the images


def test_no_mistake_and_only_mistakes():
    probabilities = np.eye(3, dtype=np.float32)
    predicted = np.arange(3, dtype=np.int32)
    assert Predictions(probabilities, predicted, predicted).wrong.tolist() == []
    assert Predictions(probabilities, predicted, (predicted + 1) % 3).wrong.tolist() == [0, 1, 2]


class Table:
    """A model that looks its answers up."""

    def __init__(self, answers):
        self.answers = answers
        self.batches = []

    def predict(self, images, batch_size, verbose):
        assert verbose == 0
        self.batches.append(batch_size)
        return self.answers[images[:, 0, 0, 0].astype(int)]


def test_predictions_agree_with_scikit_learn():
    random = np.random.default_rng(0)
    answers = random.dirichlet(np.ones(4), 50)
    labels = random.integers(0, 4, 50).astype(np.int32)
    images = np.arange(50, dtype=np.float32).reshape(50, 1, 1, 1)
    model = Table(answers)
    predictions = predict(model, images, labels, 7)
    assert model.batches == [7]
    assert predictions.probabilities.dtype == np.float32
    assert predictions.predicted.dtype == np.int32
    accuracy = accuracy_score(labels, answers.argmax(axis=1))
    assert 1 - len(predictions.wrong) / 50 == pytest.approx(accuracy)
    confidence = predictions.probabilities[predictions.wrong].max(axis=1)
    assert (np.diff(confidence) <= 0).all()
