"""A trial of any task: from its configuration to its folder."""

import json
import sys
from types import ModuleType

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.storage.folders import TrialFolder
from mnist_sweep.tasks.run import run


@pytest.fixture
def result(tmp_path, monkeypatch):
    """Runs a function as a trial; gives its folder and its result."""
    module = ModuleType("functions_of_a_test")
    monkeypatch.setitem(sys.modules, module.__name__, module)

    def made(function, stop=lambda: False, stop_after=None, folder="0"):
        module.objective = function
        plain = {
            "task": {"_target_": "mnist_sweep.tasks.Function", "function": f"{module.__name__}.objective"},
            "params": {"x": 2.0},
            "study": {"seed": 3},
        }
        settings = {"allowed": [module.__name__], "data": {}, "environment": {"command": "c"}, "keep_model": False,
                    "stop_after": stop_after}  # fmt: skip
        path = tmp_path / folder
        path.mkdir()
        return TrialFolder(path), run(plain, path, settings, lambda _: None, stop, lambda: None)

    return made


def reporting(config, trial):
    for epoch in (1, 2, 3):
        trial.report(epoch, loss=config["x"] / epoch)
    trial.add_file("model.txt").write_text("a model")
    return {"score": 5, "fit_seconds": 0.5}


def test_metrics_are_the_last_the_best_and_what_is_returned(result):
    folder, found = result(reporting)
    metrics = json.loads(folder.metrics.read_text())
    assert metrics == found["metrics"]
    assert {key: metrics[key] for key in ("loss", "best_loss", "epochs", "score", "fit_seconds")} == {
        "loss": 2 / 3, "best_loss": 2 / 3, "epochs": 3, "score": 5.0, "fit_seconds": 0.5,
    }  # fmt: skip
    environment = json.loads(folder.environment.read_text())
    assert (environment["command"], environment["epochs"], environment["study_seed"]) == ("c", 3, 3)
    assert environment["weights_digest"] == found["weights_digest"]
    assert (found["stopped"], found["epochs"]) == (False, 3)


def test_the_digest_is_of_results_and_files_but_not_of_times(result):
    def later(config, trial):
        return {**reporting(config, trial), "fit_seconds": 9.0}

    def other_file(config, trial):
        returned = reporting(config, trial)
        (trial.folder / "model.txt").write_text("another model")
        return returned

    def other_score(config, trial):
        return {**reporting(config, trial), "score": 6}

    kinds = enumerate((reporting, later, other_file, other_score))
    digests = [result(kind, folder=str(index))[1]["weights_digest"] for index, kind in kinds]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_what_is_returned_alone_is_one_epoch(result):
    folder, found = result(lambda config, trial: {"f1": 0.5})
    assert [(row["epoch"], row["f1"]) for row in folder.rows()] == [(1, 0.5)]
    assert (found["epochs"], found["metrics"]["f1"], found["metrics"]["best_f1"]) == (1, 0.5, 0.5)


def test_a_stopped_trial_is_the_beginning_of_the_whole_one(result):
    whole = result(reporting, folder="whole")[0].rows()
    folder, found = result(reporting, stop_after=2, folder="part")
    assert (found["stopped"], found["epochs"]) == (True, 2)
    assert [row["loss"] for row in folder.rows()] == [row["loss"] for row in whole[:2]]
    assert "score" not in found["metrics"]
    asked = iter([False, True])
    _, stopped = result(reporting, stop=lambda: next(asked), folder="stopped")
    assert stopped["weights_digest"] == found["weights_digest"]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda config, trial: None, "has reported nothing and returned nothing"),
        (lambda config, trial: 0.5, "must return its metrics as a dictionary, such as {'score': 0.9}, got float"),
        (lambda config, trial: [1], "got list"),
    ],
)
def test_a_function_that_gives_no_metrics_fails(result, function, message):
    with pytest.raises(UserError, match=message):
        result(function)


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ({"epochs": 99}, "can't have the name 'epochs'"),
        ({"a b": 1}, "can't have the name 'a b'"),
        ({"": 1}, "can't have the name ''"),
        ({"best_loss": 0}, "the metric best_loss can't be returned: it is the best of the loss reported"),
    ],
)
def test_what_every_trial_has_can_not_be_returned(result, returned, message):
    def objective(config, trial):
        trial.report(1, loss=1.0)
        return returned

    with pytest.raises(ValueError, match=message):
        result(objective)


def test_a_metric_that_is_no_number_fails(result):
    with pytest.raises(TypeError, match="f1 must be a number, got 'high'"):
        result(lambda config, trial: {"f1": "high"})


def test_nothing_but_a_stop_request_ends_a_trial_that_way(result):
    from mnist_sweep.tasks import StopTrial

    def leaving(config, trial):
        raise StopTrial

    with pytest.raises(UserError, match="a task must not raise it itself"):
        result(leaving)
