"""A trial from Python: what its folder has."""

from pathlib import Path

import pytest

import mnist_sweep as ms


@pytest.fixture
def trial(functions, tmp_path: Path) -> ms.Trial:
    return ms.train("params.x=0.25", "tracking=none", task=functions.bowl, runs_folder=tmp_path / "runs")


def test_it_has_its_configuration_and_its_results(trial: ms.Trial) -> None:
    assert trial.config["params"] == {"x": 0.25}
    assert "params.x=0.25" in trial.overrides
    assert [row["epoch"] for row in trial.history] == [0, 1, 2]
    assert trial.metrics["score"] == 0.25
    assert (trial.value, trial.values, trial.parameters, trial.predictions) == (None, [], {}, None)
    assert repr(trial) == "<Trial 0: COMPLETE>"


def test_it_is_reproduced_to_the_bit(trial: ms.Trial) -> None:
    assert trial.reproduce().verdict == "EXACT"


def test_a_trial_without_a_network_says_so(trial: ms.Trial) -> None:
    with pytest.raises(ms.UserError, match="trial 0 has no model"):
        trial.load_model()


def test_a_rehearsal_has_nothing_to_reproduce(tmp_path: Path) -> None:
    dry = ["data=digits", "task=dry", "tracking=none", "search.n_trials=2"]
    study = ms.sweep(*dry, runs_folder=tmp_path / "runs")
    with pytest.raises(ms.UserError, match="can't be judged: a dry run"):
        study[1].reproduce()
