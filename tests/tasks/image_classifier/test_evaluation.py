import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from mnist_sweep.tasks.image_classifier.evaluation import Predictions, predict


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
