"""Combinations that no network can be built from: told beforehand, and failed before they train."""

import json

from mnist_sweep.cli.main import run
from mnist_sweep.storage.folders import StudyFolder

DRY = ["data=digits", "model=cnn", "search=default", "train.epochs=1", "tracking=none", "task=dry",
       "search.n_trials=9", "model.padding_1=valid", "model.padding_2=valid", "sampler=grid",
       "model.pool_size_2=1", "model.kernel_size_2=1"]  # fmt: skip
SPACE = ["search.space.model.kernel_size_1=choice(3,20,26)", "search.space.model.kernel_size_2=choice(1,3,4)"]


def test_they_are_counted_in_the_plan(tmp_path, capsys) -> None:
    """Behind a kernel of 20 nine pixels are left, pooled 4; behind one of 26 three, pooled 1: none of 3 or 4 fits."""
    assert run(["plan", *DRY, *SPACE, f"runs_folder={tmp_path}"]) == 0
    assert (
        "2 of 9 combinations of model.kernel_size_1, model.kernel_size_2 can't be built, and fail before they train; "
        "the first: model."
    ) in capsys.readouterr().out


def test_a_rehearsal_fails_them_as_a_search_does(tmp_path) -> None:
    assert run(["sweep", *DRY, *SPACE, f"runs_folder={tmp_path}"]) == 0
    study = StudyFolder(tmp_path / "cnn-digits")
    states = [json.loads(trial.state.read_text()) for trial in study.trials()]
    failed = [state for state in states if state["state"] == "FAIL"]
    assert len(states) == 9
    for state in failed:
        assert state["reason"].startswith("model.kernel_size_2 must be at most ")
    sizes = {
        tuple(state["overrides"][key] for key in ("model.kernel_size_1", "model.kernel_size_2")) for state in failed
    }
    assert sizes == {("26", "3"), ("26", "4")}


def test_a_space_without_any_network_is_refused(tmp_path, capsys) -> None:
    space = ["model.kernel_size_1=choice(27,28)", "model.pool_size_1=choice(1,2)"]
    assert run(["sweep", *DRY, *space, f"runs_folder={tmp_path}"]) == 2
    assert "error: search.space" in capsys.readouterr().err


def test_a_range_is_listed_too(tmp_path, capsys) -> None:
    space = ["model.kernel_size_1=range(3,27)", "search.space.model.kernel_size_2=choice(1,3)"]
    assert run(["plan", *DRY, *space, f"runs_folder={tmp_path}"]) == 0
    assert "3 of 48 combinations of model.kernel_size_1, model.kernel_size_2 can't be built" in capsys.readouterr().out
