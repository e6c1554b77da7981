import keras
import pytest

from mnist_sweep.config import Component, UserError
from mnist_sweep.tasks.image_classifier.models import build

OWN = """
import keras

def good(image, classes, *, width):
    return keras.Sequential([keras.Input(image), keras.layers.Flatten(),
                             keras.layers.Dense(width), keras.layers.Dense(classes, activation="softmax")])

def one_output_too_many(image, classes):
    return good(image, classes + 1, width=2)

class Written(keras.Model):
    def __init__(self, classes):
        super().__init__()
        self.hidden, self.out = keras.layers.Flatten(), keras.layers.Dense(classes, activation="softmax")

    def call(self, images):
        return self.out(self.hidden(images))

def written(image, classes, *, more=0):
    return Written(classes + more)

def regularized(image, classes, *, kernel_regularizer):
    return keras.Sequential([keras.Input(image), keras.layers.Flatten(),
                             keras.layers.Dense(classes, kernel_regularizer=kernel_regularizer)])

def no_model(image, classes):
    return keras.layers.Dense(classes)
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A user's module in the folder where the command is started."""
    (tmp_path / "own_models.py").write_text(OWN, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)


def test_the_function_of_the_name_is_called():
    model = build(Component("mnist_sweep.models.dnn", {"units": [4], "dropout": 0.0}), (6, 5, 1), 3)
    assert isinstance(model, keras.Model)
    assert model.count_params() == 31 * 4 + 5 * 3


def test_the_same_seed_gives_the_same_weights():
    weights = []
    for seed in (1, 1, 2):
        keras.utils.set_random_seed(seed)
        model = build(Component("mnist_sweep.models.dnn", {"units": [4], "dropout": 0.0}), (6, 5, 1), 3)
        weights.append(model.get_weights()[0].tobytes())
    assert weights[0] == weights[1] != weights[2]


def test_a_users_own_function_is_called(own):
    model = build(Component("own_models.good", {"width": 2}), (6, 5, 1), 3)
    assert model.count_params() == 31 * 2 + 3 * 3


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no_model", r"model\._target_ must return a keras\.Model, but own_models\.no_model returned Dense"),
        ("one_output_too_many", r"one output for each of the 3 classes, but .* returned the shape \(None, 4\)"),
        ("nothing", r"model\._target_ names own_models\.nothing, but own_models has no nothing"),
    ],
)
def test_a_function_that_does_not_fit_is_one_line(own, name, said):
    with pytest.raises(UserError, match=said):
        build(Component(f"own_models.{name}", {}), (6, 5, 1), 3)


def test_a_model_that_is_written_as_a_class_is_built(own):
    model = build(Component("own_models.written", {}), (6, 5, 1), 3)
    assert model.count_params() == 31 * 3
    with pytest.raises(
        UserError, match=r"must return a model with one output for each of the 3 classes, .* \(None, 4\)"
    ):
        build(Component("own_models.written", {"more": 1}), (6, 5, 1), 3)


def test_an_argument_may_be_a_small_class_of_keras(own):
    nested = {"_target_": "keras.regularizers.L2", "l2": 0.5}
    model = build(Component("own_models.regularized", {"kernel_regularizer": nested}), (6, 5, 1), 3)
    assert float(model.layers[-1].kernel_regularizer.l2) == 0.5
