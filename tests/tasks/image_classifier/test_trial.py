"""A tiny network on scikit-learn's digits, from its configuration to its folder."""

import json
import os
import sys
from contextlib import nullcontext

import numpy as np
import pytest
import yaml
from sklearn.metrics import accuracy_score

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras

from mnist_sweep.config import UserError, parse_trial
from mnist_sweep.execution.job_folder import write_job
from mnist_sweep.execution.jobs import Batch, TrialRequest, make_job
from mnist_sweep.files import write_json
from mnist_sweep.storage.folders import TrialFolder
from mnist_sweep.storage.history import read_history
from mnist_sweep.tasks.image_classifier import checkpoints
from mnist_sweep.tasks.image_classifier.data import describe, load
from mnist_sweep.tasks.image_classifier.training import weights_digest
from mnist_sweep.tasks.image_classifier.trial import probe, use_one_thread
from mnist_sweep.tasks.run import run

use_one_thread()

# TensorFlow's variables do not know numpy 2's `copy`, and Keras writes them to a file as arrays.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

# DESIGN.md, section 4, without log.txt, which the process around the trial writes; and the layers as text.
WRITTEN = {
    "config.yaml", "overrides.yaml", "history.csv", "metrics.json", "environment.json", "predictions.npz",
    "figures/curves.png", "figures/error_gallery.png", "figures/confusion_matrix.png", "model.keras", "model.txt",
}  # fmt: skip
OVERRIDES = ["data=digits", "model=dnn", "model.units=[8]", "train.epochs=2"]


@pytest.fixture(scope="module", autouse=True)
def nothing_is_saved():
    """What a trial saves to be resumed is tested in test_checkpoints.py."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoints, "SHARE", 0.0)
        yield


@pytest.fixture(autouse=True)
def the_precision_is_put_back():
    before = keras.config.dtype_policy()
    yield
    keras.config.set_dtype_policy(before)
    keras.backend.clear_session(free_memory=False)


def _plain(**changes):
    """A trial as plain data; `model__units=[4]` changes a value, `optimizer={...}` a section."""
    plain = {
        "data": {"_target_": "mnist_sweep.data.digits", "name": "digits", "validation": "split",
                 "validation_size": 200, "split_seed": 0},
        "model": {"_target_": "mnist_sweep.models.dnn", "units": [8], "dropout": 0.1},
        "optimizer": {"_target_": "keras.optimizers.Adam", "learning_rate": 0.01, "beta_1": 0.9, "beta_2": 0.999,
                      "epsilon": 1e-7},
        "train": {"epochs": 2, "batch_size": 32, "loss": "sparse_categorical_crossentropy", "precision": "float32",
                  "early_stopping_patience": None},
        "study": {"seed": 0},
    }  # fmt: skip
    for key, value in changes.items():
        section, _, name = key.partition("__")
        if name:
            plain[section][name] = value
        else:
            plain[section] = value
    return plain


def _job(config, folder, keep_model=False, stop_after=None):
    batch = Batch(config, describe(config.data), [], [], "pytest")
    job = make_job(TrialRequest(7, config, OVERRIDES, folder, keep_model, stop_after), batch)
    write_job(job)
    return job


def _start(path, keep_model=True, stop_after=None, should_stop=lambda: False, on_epoch=lambda _: None, **changes):
    """Runs a trial as the driver has it run; gives its folder and result."""
    config = parse_trial(_plain(**changes))
    folder = TrialFolder(path)
    job = _job(config, folder, keep_model, stop_after)
    assert json.loads(json.dumps(job.config)) == job.config  # plain data
    return folder, run(job.config, path, job.settings, on_epoch, should_stop, lambda: None)


def _files(folder):
    return {str(file.relative_to(folder.path)) for file in folder.path.rglob("*") if file.is_file()}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    return _start(tmp_path_factory.mktemp("first") / "0007")


def test_a_trial_writes_every_file_and_no_other(done):
    folder, result = done
    assert _files(folder) == WRITTEN
    assert (result["stopped"], result["epochs"]) == (False, 2)


def test_the_files_agree_with_each_other(done):
    folder, result = done
    rows = read_history(folder.history)
    metrics = json.loads(folder.metrics.read_text(encoding="utf-8"))
    environment = json.loads(folder.environment.read_text(encoding="utf-8"))
    config = parse_trial(yaml.safe_load(folder.config.read_text(encoding="utf-8")))
    assert metrics == result["metrics"]
    assert len(rows) == metrics["epochs"] == environment["epochs"] == 2
    assert metrics["val_accuracy"] == rows[-1]["val_accuracy"]
    assert metrics["parameters"] == 785 * 8 + 9 * 10
    assert environment["weights_digest"] == result["weights_digest"]
    assert environment["trial_seed"] == config.trial_seed()
    assert (environment["study_seed"], environment["split_seed"], environment["threads"]) == (0, 0, 1)
    assert environment["started"] <= rows[0]["timestamp"] <= rows[1]["timestamp"] <= environment["ended"]
    assert environment["command"] == "mnist-sweep train data=digits model=dnn 'model.units=[8]' train.epochs=2"
    assert yaml.safe_load(folder.overrides.read_text(encoding="utf-8")) == OVERRIDES
    assert "6,370" in folder.summary.read_text(encoding="utf-8")


def test_the_predictions_are_of_the_validation_images(done):
    folder, result = done
    with np.load(folder.predictions, allow_pickle=False) as stored:
        probabilities, predicted, labels = stored["probabilities"], stored["predicted"], stored["labels"]
    assert (probabilities.dtype, predicted.dtype, labels.dtype) == (np.float32, np.int32, np.int32)
    dataset = load(parse_trial(_plain()).data)
    np.testing.assert_array_equal(labels, dataset.validation_labels)
    np.testing.assert_array_equal(predicted, probabilities.argmax(axis=1))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert accuracy_score(labels, predicted) == pytest.approx(result["metrics"]["val_accuracy"], abs=1e-6)
    assert accuracy_score(labels, predicted) > 0.3  # it has learnt something


def test_the_model_loads_safely_and_gives_the_stored_predictions(done):
    folder, result = done
    model = keras.models.load_model(folder.model, safe_mode=True)
    assert weights_digest(model) == result["weights_digest"]
    dataset = load(parse_trial(_plain()).data)
    with np.load(folder.predictions) as stored:
        again = model.predict(dataset.validation_images, batch_size=500, verbose=0)
        np.testing.assert_array_equal(again, stored["probabilities"])


def test_the_same_trial_in_another_folder_gives_the_same_bits(done, tmp_path, monkeypatch):
    first, result = done
    keras.utils.set_random_seed(99)
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    keras.config.set_dtype_policy("mixed_bfloat16")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    folder, again = _start(tmp_path / "another" / "place")
    assert again["weights_digest"] == result["weights_digest"]
    timeless = [
        [
            {name: row[name] for name in row if name not in ("seconds", "timestamp")}
            for row in read_history(file.history)
        ]
        for file in (first, folder)
    ]
    assert timeless[0] == timeless[1]
    with np.load(first.predictions) as one, np.load(folder.predictions) as two:
        np.testing.assert_array_equal(one["probabilities"], two["probabilities"])
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_another_seed_gives_other_weights(done, tmp_path):
    _, result = _start(tmp_path, study={"seed": 1})
    assert result["weights_digest"] != done[1]["weights_digest"]


def test_a_trial_that_is_stopped_is_the_beginning_of_the_whole_one(done, tmp_path):
    seen = []
    folder, result = _start(tmp_path / "stopped", stop_after=2, train__epochs=9, on_epoch=seen.append)
    assert (result["stopped"], result["epochs"], len(seen)) == (True, 2, 2)
    assert result["weights_digest"] == done[1]["weights_digest"]
    assert _files(folder) == WRITTEN - {"model.keras"}


def test_a_trial_that_is_stopped_in_its_first_epoch_has_no_result(tmp_path):
    folder, result = _start(tmp_path, should_stop=lambda: True)
    assert (result["stopped"], result["epochs"], result["metrics"], result["weights_digest"]) == (True, 0, {}, None)
    assert _files(folder) == {"config.yaml", "overrides.yaml", "history.csv", "environment.json", "model.txt"}


def test_the_kept_model_is_of_the_best_epoch_and_of_mixed_precision(tmp_path):
    folder, result = _start(
        tmp_path,
        train__early_stopping_patience=1,
        train__precision="mixed_bfloat16",
        train__epochs=4,
        optimizer={"_target_": "keras.optimizers.SGD", "learning_rate": 3.0, "momentum": 0.9, "nesterov": True},
    )
    rows = read_history(folder.history)
    best = min(rows, key=lambda row: row["val_loss"])
    assert best != rows[-1]
    model = keras.models.load_model(folder.model, safe_mode=True)
    assert weights_digest(model) == result["weights_digest"]
    with np.load(folder.predictions) as stored:
        assert stored["probabilities"].dtype == np.float32
        assert (stored["predicted"] == stored["labels"]).mean() == pytest.approx(best["val_accuracy"], abs=1e-6)


def test_a_network_that_explodes_leaves_its_history_and_no_metrics(tmp_path):
    sgd = {"_target_": "keras.optimizers.SGD", "learning_rate": 1e38, "momentum": 0.0, "nesterov": False}
    with pytest.raises(FloatingPointError, match="loss became"):
        _start(tmp_path, optimizer=sgd)
    assert _files(TrialFolder(tmp_path)) == {"config.yaml", "overrides.yaml", "history.csv", "model.txt"}


def test_other_images_than_the_driver_saw_are_refused(tmp_path):
    config = parse_trial(_plain())
    job = _job(config, TrialFolder(tmp_path))
    job.settings["data"]["digests"]["train_labels"] = "0" * 64
    with pytest.raises(UserError, match="the train labels are not the right ones"):
        run(job.config, tmp_path, job.settings, lambda _: None, lambda: False, lambda: None)


def test_a_target_that_is_not_allowed_is_never_called(tmp_path):
    config = parse_trial(_plain())
    job = _job(config, TrialFolder(tmp_path))
    bad = {**job.config, "model": {"_target_": "os.system", "command": f"touch {tmp_path}/trap"}}
    with pytest.raises(UserError, match=r"^model\._target_ must be in mnist_sweep\.models"):
        run(bad, tmp_path, job.settings, lambda _: None, lambda: False, lambda: None)
    assert not (tmp_path / "trap").exists()


def test_a_file_that_can_not_be_json_leaves_the_old_one(tmp_path):
    write_json(tmp_path / "a.json", {"a": 1})
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"a": float("nan")})
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"a": 1}


CNN = {
    "_target_": "mnist_sweep.models.cnn",
    "filters_1": 32, "kernel_size_1": 5, "strides_1": 1, "padding_1": "same", "pool_size_1": 2,
    "filters_2": 64, "kernel_size_2": 2, "strides_2": 1, "padding_2": "same", "pool_size_2": 2,
    "dropout": 0.25, "dense_units": 1000,
}  # fmt: skip
NOWHERE = {"_target_": "mnist_sweep.data.archive", "name": "mnist", "path": "/nowhere", "digests": None, "urls": [],
           "validation": "split", "validation_size": 10, "split_seed": 0}  # fmt: skip
PROBE = {"allowed": [], "data": {"image": [28, 28, 1], "classes": 10}}


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        (CNN, 3_156_098),
        ({"_target_": "mnist_sweep.models.dnn", "units": [1000], "dropout": 0.0}, 795_010),
        ({"_target_": "mnist_sweep.models.dnn", "units": [8], "dropout": 0.5}, 6_370),
    ],
)
def test_a_probe_counts_parameters_without_any_data(model, parameters):
    assert probe(_plain(model=model, data=NOWHERE), PROBE, 0) == {"parameters": parameters}


@pytest.mark.parametrize("loss", ["sparse_categorical_crossentropy", "categorical_crossentropy"])
def test_a_probe_times_its_steps(loss):
    found = probe(_plain(data=NOWHERE, train__loss=loss), PROBE, 2)
    assert set(found) == {"parameters", "step_seconds", "evaluation_seconds", "memory", "checkpoint"}
    assert 1e8 < found["memory"] < 1e11
    assert 0 < found["evaluation_seconds"] < 0.1
    assert 0 < found["step_seconds"] < 10


@pytest.mark.parametrize(("activation", "is_told"), [("None", True), ("'softmax'", False)])
def test_a_probe_tells_of_a_network_that_ends_in_no_probabilities(tmp_path, monkeypatch, activation, is_told):
    (tmp_path / "ending_models.py").write_text(f"""
import keras

def ending(image, classes):
    last = keras.layers.Dense(classes, activation={activation}, bias_initializer="ones")
    return keras.Sequential([keras.Input(image), keras.layers.Flatten(), last])
""")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "ending_models", raising=False)
    plain = _plain(model={"_target_": "ending_models.ending"}, data=NOWHERE)
    with (
        pytest.raises(UserError, match="ending must end in probabilities, as by softmax") if is_told else nullcontext()
    ):
        probe(plain, {**PROBE, "allowed": ["ending_models"]}, 1)


def _seed(**changes):
    return parse_trial(_plain(**changes)).trial_seed()


@pytest.mark.parametrize(
    "changes",
    [
        {"study": {"seed": 1}},
        {"model__units": [9]},
        {"model__units": [8, 8]},
        {"model__dropout": 0.2},
        {"optimizer__learning_rate": 0.02},
        {"optimizer": {"_target_": "keras.optimizers.SGD", "learning_rate": 0.01, "momentum": 0.9, "nesterov": False}},
        {"train__batch_size": 64},
        {"train__loss": "categorical_crossentropy"},
        {"train__precision": "mixed_bfloat16"},
        {"data__split_seed": 1},
        {"data__validation_size": 201},
        {"data__validation": "test"},
    ],
    ids=str,
)
def test_the_seed_depends_on_what_is_trained(changes):
    assert _seed(**changes) != _seed()
    assert _seed(**changes) == _seed(**changes)
    assert 0 <= _seed(**changes) < 2**31


@pytest.mark.parametrize(
    "changes",
    [
        {"train__epochs": 9},
        {"train__early_stopping_patience": 3},
        {"optimizer__learning_rate": 0.010},
        {"study": {"seed": 0, "name": "another", "keep_models": 9}},
        {"runs_folder": "elsewhere"},
    ],
    ids=str,
)
def test_the_seed_does_not_depend_on_how_it_is_run(changes):
    assert _seed(**changes) == _seed()


@pytest.mark.parametrize("change", [{"path": "/elsewhere/mnist.npz"}, {"urls": ["http://mirror"]}, {"path": "x.npz"}])
def test_the_seed_does_not_depend_on_where_the_data_lies(change):
    assert _seed(data={**NOWHERE, **change}) == _seed(data=NOWHERE)


def test_the_seed_does_not_depend_on_the_order_of_keys_or_on_how_a_number_is_written():
    backwards = {key: dict(reversed(section.items())) for key, section in reversed(_plain().items())}
    assert parse_trial(backwards).trial_seed() == _seed()
    assert _seed(optimizer__learning_rate=1) == _seed(optimizer__learning_rate=1.0)


def test_a_configuration_survives_its_plain_form():
    config = parse_trial(_plain())
    assert parse_trial(config.plain()) == config
    assert parse_trial(yaml.safe_load(yaml.safe_dump(config.plain()))) == config


def test_of_a_model_that_is_written_as_a_class_the_weights_are_kept(tmp_path, monkeypatch, capsys):
    source = """
import keras

class Written(keras.Model):
    def __init__(self, classes):
        super().__init__()
        self.flat, self.out = keras.layers.Flatten(), keras.layers.Dense(classes, activation="softmax")

    def call(self, images):
        return self.out(self.flat(images))

    def train_step(self, data):
        return super().train_step(data)

def written(image, classes):
    return Written(classes)
"""
    (tmp_path / "written_models.py").write_text(source)
    monkeypatch.chdir(tmp_path)
    config = parse_trial(_plain(model={"_target_": "written_models.written"}), ["written_models"])
    folder = TrialFolder(tmp_path / "0007")
    job = _job(config, folder, keep_model=True)
    job.settings["allowed"] = ["written_models"]
    result = run(job.config, folder.path, job.settings, lambda _: None, lambda: False, lambda: None)
    assert result["metrics"]["parameters"] == 785 * 10
    assert (folder.weights.is_file(), folder.model.exists()) == (True, False)
    assert "its weights are kept" in capsys.readouterr().out
