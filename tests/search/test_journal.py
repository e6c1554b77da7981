"""The journal for one driver: Optuna's format and answers."""

from pathlib import Path

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from mnist_sweep.search import journal as module
from mnist_sweep.search.journal import Journal

SPACE = {"x": FloatDistribution(0, 1)}
KINDS = [(state,) for state in TrialState] + [None, (TrialState.COMPLETE, TrialState.RUNNING)]


def searched(journal: Path) -> optuna.Study:
    """Trials in every state."""
    study = optuna.create_study(storage=Journal(journal), study_name="mine")
    for state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL, TrialState.COMPLETE):
        trial = study.ask(SPACE)
        trial.report(0.25, 1)
        trial.set_user_attr("reason", "none")
        study.tell(trial, 0.5 if state == TrialState.COMPLETE else None, state=state)
    study.add_trial(optuna.trial.create_trial(value=0.75, params={"x": 0.5}, distributions=SPACE))
    study.ask(SPACE)
    study.enqueue_trial({"x": 0.125})
    return study


def test_optuna_reads_the_same_from_the_file(tmp_path: Path) -> None:
    journal = tmp_path / "study.journal"
    ours = searched(journal)
    optunas = optuna.load_study(storage=JournalStorage(JournalFileBackend(str(journal))), study_name="mine")
    again = optuna.load_study(storage=Journal(journal), study_name="mine")
    for states in KINDS:
        told = [study.get_trials(deepcopy=False, states=states) for study in (ours, optunas, again)]
        assert told[0] == told[1] == told[2]
    assert [trial.state.name for trial in optunas.trials] == [
        "COMPLETE", "PRUNED", "FAIL", "COMPLETE", "COMPLETE", "RUNNING", "WAITING",
    ]  # fmt: skip


def test_a_waiting_trial_is_the_next_one_asked(tmp_path: Path) -> None:
    searched(tmp_path / "study.journal")
    study = optuna.load_study(storage=Journal(tmp_path / "study.journal"), study_name="mine")
    trial = study.ask(SPACE)
    assert (trial.number, trial.params) == (6, {"x": 0.125})
    assert study.ask(SPACE).number == 7


def test_what_is_known_can_be_changed_outside(tmp_path: Path) -> None:
    study = searched(tmp_path / "study.journal")
    trials = study.get_trials(deepcopy=False)
    trials.clear()
    assert len(study.get_trials(deepcopy=False)) == 7
    assert study.get_trials()[0] is not study.get_trials(deepcopy=False)[0]


def test_the_disk_is_waited_for_when_a_trial_ends_and_not_for_each_parameter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[int] = []
    monkeypatch.setattr(module.os, "fsync", waited.append)
    study = optuna.create_study(storage=Journal(tmp_path / "study.journal"), study_name="mine")
    waited.clear()
    trial = study.ask(SPACE)
    trial.report(0.25, 1)
    assert waited == []
    study.tell(trial, 0.5)
    assert len(waited) == 1
    study.add_trial(optuna.trial.create_trial(value=0.75, params={"x": 0.5}, distributions=SPACE))
    assert len(waited) == 2
    study._storage.flush()
    assert len(waited) == 3


def test_a_parameter_that_became_another_kind_is_refused_as_by_optuna(tmp_path: Path) -> None:
    study = searched(tmp_path / "study.journal")
    study.ask(SPACE)  # the one that waits
    with pytest.raises(ValueError, match="distribution kind"):
        study.ask({"x": optuna.distributions.IntDistribution(0, 1)})
    trial = study.ask({"x": FloatDistribution(0, 2)})
    assert trial.distributions == {"x": FloatDistribution(0, 2)}
    optunas = optuna.load_study(
        storage=JournalStorage(JournalFileBackend(str(tmp_path / "study.journal"))), study_name="mine"
    )
    again = optuna.load_study(storage=Journal(tmp_path / "study.journal"), study_name="mine")
    assert optunas.trials == again.trials == study.trials


def test_a_trial_that_has_ended_can_not_be_changed(tmp_path: Path) -> None:
    study = searched(tmp_path / "study.journal")
    with pytest.raises(optuna.exceptions.UpdateFinishedTrialError):
        study._storage.set_trial_param(0, "x", 0.5, SPACE["x"])
    with pytest.raises(optuna.exceptions.UpdateFinishedTrialError):
        study._storage.set_trial_intermediate_value(0, 5, 0.5)
    study.tell(5, 0.5)  # and nothing is out of step after that
    assert [trial.state.name for trial in study.trials][5] == "COMPLETE"
