"""A study that takes over the trials of another one that fit."""

from collections.abc import Callable

import pytest
import yaml

from mnist_sweep.driver.fork import forked
from mnist_sweep.driver.loop import Sweep, run_sweep
from mnist_sweep.driver.plan import Plan
from mnist_sweep.execution import InlineExecutor
from mnist_sweep.files import read_json
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.identity import identity
from mnist_sweep.storage.state import check_state

pytestmark = pytest.mark.usefixtures("no_report")
SEARCH = ["search.metric=val_accuracy", "search.n_trials=8"]
NARROW = {"model.dropout": "interval(0.0,0.25)"}


@pytest.fixture
def old(planned: Callable[..., Plan], swept: Callable[[Plan], Sweep]) -> StudyFolder:
    """A study of eight dry trials."""
    plan = planned(*SEARCH)
    assert run_sweep(swept(plan), InlineExecutor()).code == 0
    return plan.folder


def dropouts(study: StudyFolder) -> dict[str, float]:
    """The dropout of each trial, by the trial it was in the old study."""
    found = {}
    for folder in study.trials():
        origin = check_state(folder.state).forked_from or folder.path.name
        found[origin[-4:]] = yaml.safe_load(folder.config.read_text())["model"]["dropout"]
    return found


def fork(plan: Plan) -> tuple[Plan, list[str]]:
    said: list[str] = []
    return forked(plan, identity(plan.plain, plan.description.digest), said.append), said


def test_the_trials_that_fit_are_taken_over(old: StudyFolder, planned: Callable[..., Plan]) -> None:
    plan, said = fork(planned(*SEARCH, sweeps=NARROW))
    expected = {name: value for name, value in dropouts(old).items() if value <= 0.25}
    assert 1 < len(expected) < 8
    assert plan.folder.name == "dnn-digits-2"
    assert dropouts(plan.folder) == expected
    assert said == [f"Study dnn-digits-2 takes over {len(expected)} finished trials of dnn-digits"]
    for folder in plan.folder.trials():
        state = check_state(folder.state)
        origin = old.trial(int(str(state.forked_from)[-4:]))
        assert state.trial == int(folder.path.name)
        assert state.values == check_state(origin.state).values
        assert read_json(folder.environment) == read_json(origin.environment)
        assert not folder.record.exists()  # it is a run of its own
    assert len(old.trials()) == 8


def test_the_same_call_goes_on_with_its_fork(
    old: StudyFolder, planned: Callable[..., Plan], swept: Callable[[Plan], Sweep]
) -> None:
    first, _ = fork(planned(*SEARCH, sweeps=NARROW))
    again, said = fork(planned(*SEARCH, sweeps=NARROW))
    assert (again.folder, said) == (first.folder, [])
    assert run_sweep(swept(again), InlineExecutor()).code == 0
    found = dropouts(again.folder)
    assert len(again.folder.trials()) == 8
    assert max(found.values()) <= 0.25
    another, _ = fork(planned(*SEARCH, sweeps={"model.dropout": "interval(0.0,0.125)"}))
    assert another.folder.name == "dnn-digits-3"
    assert old.trials()


def test_a_study_that_did_not_change_is_not_forked(old: StudyFolder, planned: Callable[..., Plan]) -> None:
    plan = planned(*SEARCH)
    assert fork(plan) == (plan, [])
    more = planned(*SEARCH, "search.timeout=99")
    assert fork(more)[0].folder == old
    assert len(list(old.path.parent.iterdir())) == 1


def test_trials_of_another_base_are_not_taken_over(
    old: StudyFolder, planned: Callable[..., Plan], swept: Callable[[Plan], Sweep]
) -> None:
    plan, said = fork(planned(*SEARCH, "train.epochs=4"))
    assert said == [f"Study dnn-digits-2 takes over 0 finished trials of {old.name}"]
    job = swept(plan).next_job()
    assert job is not None
    assert job.number == 0  # the baseline is still to be run
    assert not any(override.startswith("model.dropout") for override in job.overrides)


def test_what_has_not_ended_well_is_left(old: StudyFolder, planned: Callable[..., Plan]) -> None:
    wide = {"model.dropout": "interval(0.0,0.75)"}
    old.trial(1).state.unlink()
    old.trial(2).history.unlink()
    old.trial(3).metrics.unlink()
    plan, _ = fork(planned(*SEARCH, sweeps=wide))
    assert set(dropouts(plan.folder)) == {"0000", "0004", "0005", "0006", "0007"}
