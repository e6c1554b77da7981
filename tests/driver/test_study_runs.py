"""What record.json and state.json say of a study and of its trials."""

from collections.abc import Callable

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.driver.plan import Plan
from mnist_sweep.driver.study_runs import state_of, study_run, trial_run
from mnist_sweep.search import Asked, Standing
from mnist_sweep.storage.run_record import RunKind
from mnist_sweep.storage.state import TrialState


def test_the_parent_run_has_the_space_and_the_limits_that_are_set(planned: Callable[..., Plan]) -> None:
    plan = planned("search.n_trials=4", "search.patience=2", "search.metric=val_accuracy", "+study.tags={who: me}")
    run = study_run(plan, "mnist-sweep sweep")
    assert (run.kind, run.name, run.trial) == (RunKind.STUDY, plan.folder.name, None)
    assert run.params == {
        "space.model.dropout": "interval(0.0,0.5)", "search.n_trials": 4, "search.patience": 2,
        "search.metric": ["val_accuracy"], "search.direction": ["maximize"],
        "sampler": "TPESampler", "pruner": "NopPruner",
    }  # fmt: skip
    assert run.tags == {"who": "me"}


def test_the_run_of_a_trial_has_its_own_configuration_and_command(planned: Callable[..., Plan]) -> None:
    plan = planned()
    base, other = (trial_run(plan, Asked(number, given, 0, None), "mnist-sweep sweep")
                   for number, given in ((0, {}), (7, {"model.dropout": "0.25"})))  # fmt: skip
    assert base.name.endswith("-0000-baseline")
    assert other.name.endswith("-0007")
    assert other.config["model"]["dropout"] == 0.25
    assert base.config["model"]["dropout"] != 0.25
    assert "model.dropout=0.25" in other.command
    assert other.searched == ["model.dropout"]
    with pytest.raises(UserError, match=r"model\.dropout"):
        trial_run(plan, Asked(8, {"model.dropout": "high"}, 0, None), "mnist-sweep sweep")


def test_the_state_of_a_trial_says_how_it_ended(planned: Callable[..., Plan]) -> None:
    asked = Asked(3, {"model.dropout": "0.25"}, 1, None)
    ended = Standing(3, TrialState.COMPLETE, (0.9,), asked.overrides, None, seeds={"val_accuracy": (0.8, 1.0)})
    state = state_of(asked, ended, "folds", 10.0, 20.0)
    assert (state.state, state.values, state.retries) == (TrialState.COMPLETE, [0.9], 1)
    assert (state.started, state.ended) == (10.0, 20.0)
    assert (state.seeds, state.seeds_are) == ({"val_accuracy": [0.8, 1.0]}, "folds")
    assert state_of(asked, ended, "seeds").seeds_are is None
