"""state.json: six kinds of runs, one form."""

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.files import read_json, write_json
from mnist_sweep.storage.state import FINISHED, StateFile, TrialState, check_state, read_state, write_state


def test_what_is_written_is_read(tmp_path):
    file = tmp_path / "state.json"
    for state in (
        StateFile(0, TrialState.COMPLETE, started=1.0, ended=2.5, values=[0.75], overrides={"a.b": "1"}, retries=0),
        StateFile(1, TrialState.FAIL, reason="loss became nan in epoch 1 by batch 8"),
        StateFile(2, TrialState.COMPLETE, reproduces="mine/7", verdict="EXACT", not_as_it_was=["versions.keras"]),
        StateFile(3, TrialState.INTERRUPTED, seed=0),
    ):
        write_state(file, state)
        assert check_state(file) == read_state(file) == state


def test_the_keys_are_the_same_for_all_trials_of_a_search(tmp_path):
    file = tmp_path / "state.json"
    write_state(file, StateFile(0, TrialState.FAIL, overrides={}))
    assert list(read_json(file)) == [
        "trial", "state", "reason", "started", "ended", "values", "overrides", "retries", "audited",
    ]  # fmt: skip
    write_state(file, StateFile(0, TrialState.COMPLETE, seed=4))
    assert list(read_json(file)) == ["trial", "state", "reason", "started", "ended", "seed"]
    assert read_json(file)["state"] == "COMPLETE"


def test_a_trial_number_that_earlier_versions_wrote_as_text_is_read(tmp_path):
    write_json(tmp_path / "state.json", {"trial": "0012", "state": "PRUNED"})
    assert check_state(tmp_path / "state.json") == StateFile(12, TrialState.PRUNED)


@pytest.mark.parametrize(
    "content",
    [{}, {"trial": 1}, {"trial": 1, "state": "DONE"}, {"trial": "x", "state": "FAIL"},
     {"trial": 1, "state": "COMPLETE", "values": "0.5"}],
)  # fmt: skip
def test_a_damaged_state_is_reported_or_taken_as_missing(tmp_path, content):
    write_json(tmp_path / "state.json", content)
    with pytest.raises(UserError, match=r"state\.json"):
        check_state(tmp_path / "state.json")
    assert read_state(tmp_path / "state.json") is None


def test_a_missing_state_is_none(tmp_path):
    assert read_state(tmp_path / "state.json") is None


def test_only_finished_trials_are_never_run_again():
    assert [state for state in TrialState if state.is_finished] == list(FINISHED)
    assert not TrialState.RUNNING.is_finished
    assert not TrialState.INTERRUPTED.is_finished
    assert [TrialState.FAIL.word, TrialState.PRUNED.word] == ["failed", "pruned"]
