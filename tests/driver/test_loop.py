"""One call of a sweep, step by step and on the dry executor."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.driver.loop import Outcome, Sweep, run_sweep
from mnist_sweep.driver.plan import Plan
from mnist_sweep.execution import InlineExecutor, Job
from mnist_sweep.execution.job_folder import write_job
from mnist_sweep.files import read_json
from mnist_sweep.results.study import read_study
from mnist_sweep.storage.state import TrialState, check_state

Planned = Callable[..., Plan]
Swept = Callable[[Plan], Sweep]


def rows(*values: float) -> list[dict[str, float]]:
    return [{"epoch": epoch, "loss": 1.0, "accuracy": value, "val_loss": 1.0, "val_accuracy": value, "seconds": 0.1,
             "timestamp": time.time()} for epoch, value in enumerate(values, 1)]  # fmt: skip


def begin(sweep: Sweep) -> Job:
    job = sweep.next_job()
    assert job is not None
    write_job(job)
    sweep.submitted(job)
    return job


def end(sweep: Sweep, job: Job, value: float, stopped: bool = False, epochs: int = 3) -> None:
    metrics = dict.fromkeys(("val_accuracy", "best_val_accuracy"), value)
    result: dict[str, Any] = {"stopped": stopped, "epochs": epochs, "metrics": metrics, "fit_seconds": 1.0}
    sweep.done(job, result)


def state(sweep: Sweep, number: int) -> Any:
    return check_state(sweep.plan.folder.trial(number).state)


@pytest.mark.parametrize(("code", "is_interrupted"), [(0, False), (1, False), (128, False), (130, True), (143, True)])
def test_a_signal_ends_a_call_with_its_code(code: int, is_interrupted: bool) -> None:
    assert Outcome(code, "").is_interrupted is is_interrupted


def test_a_sweep_ends_with_its_last_trial_and_has_nothing_left_to_do(planned: Planned, swept: Swept) -> None:
    plan = planned("search.n_trials=4")
    assert run_sweep(swept(plan), InlineExecutor()) == Outcome(0, "all 4 trials are done")
    assert read_json(plan.folder.summary)["states"] == {"COMPLETE": 4, "PRUNED": 0, "FAIL": 0}
    again = swept(plan)
    assert again.next_job() is None
    assert run_sweep(again, InlineExecutor()) == Outcome(0, "all 4 trials are done")
    more = swept(planned("search.n_trials=5"))
    assert run_sweep(more, InlineExecutor()).code == 0
    assert [folder.path.name for folder in plan.folder.trials()] == ["0000", "0001", "0002", "0003", "0004"]


def test_a_target_that_is_reached_ends_it(planned: Planned, swept: Swept) -> None:
    sweep = swept(planned("search.target=0.8", "search.metric=val_accuracy", "search.n_trials=9"))
    first = begin(sweep)
    sweep.trained(first)
    assert sweep.next_job() is None  # its result may be the target
    end(sweep, first, 0.7)
    second = begin(sweep)
    sweep.trained(second)
    end(sweep, second, 0.8)
    assert sweep.next_job() is None
    assert sweep.outcome(0) == Outcome(0, "search.target=0.8 is reached")


def test_time_that_is_over_ends_it(planned: Planned, swept: Swept) -> None:
    outcome = run_sweep(swept(planned("search.timeout=1e-9", "search.n_trials=9")), InlineExecutor())
    assert outcome == Outcome(0, "search.timeout=1e-09s is over")


def test_a_grid_ends_with_its_last_combination(planned: Planned, swept: Swept) -> None:
    sweeps = {"model.dropout": "choice(0.0,0.25,0.5)"}
    plan = planned("sampler=grid", "search.n_trials=99", sweeps=sweeps)
    assert run_sweep(swept(plan), InlineExecutor()) == Outcome(0, "every combination of the space has been tried")
    assert len(plan.folder.trials()) == 3


def test_failures_in_a_row_end_it_and_the_reason_is_told(planned: Planned, swept: Swept) -> None:
    sweep = swept(planned("search.max_failures=2", "search.n_trials=9"))
    sweep.failed(begin(sweep), "loss became NaN")
    end(sweep, begin(sweep), 0.5)
    for _ in range(2):
        sweep.failed(begin(sweep), "loss became NaN")
    assert sweep.next_job() is None
    outcome = sweep.outcome(0)
    assert outcome.code == 1
    assert outcome.why.startswith("the last 2 trials have failed, all because: loss became NaN")
    assert (state(sweep, 2).state, state(sweep, 2).reason) == (TrialState.FAIL, "loss became NaN")


def test_an_objective_that_is_never_reported_ends_it_at_once(planned: Planned, swept: Swept) -> None:
    sweep = swept(planned("search.n_trials=9"))
    sweep.done(begin(sweep), {"stopped": False, "epochs": 1, "metrics": {"f1": 0.5}, "fit_seconds": 1.0})
    assert sweep.next_job() is None
    assert sweep.outcome(0) == Outcome(
        1, "search.metric must be one of what a trial reports, f1, got best_val_accuracy"
    )


def test_an_objective_that_is_sometimes_missing_fails_those_trials_alone(planned: Planned, swept: Swept) -> None:
    sweep = swept(planned("search.n_trials=9"))
    end(sweep, begin(sweep), 0.5)
    sweep.done(begin(sweep), {"stopped": False, "epochs": 1, "metrics": {}, "fit_seconds": 1.0})
    assert state(sweep, 1).state == TrialState.FAIL
    assert sweep.next_job() is not None


def test_a_call_of_failures_alone_has_failed(planned: Planned, swept: Swept) -> None:
    sweep = swept(planned("search.n_trials=1"))
    sweep.failed(begin(sweep), "no")
    assert sweep.next_job() is None
    assert sweep.outcome(0) == Outcome(1, "all 1 trials are done")


def test_an_interrupted_trial_is_run_again_and_that_is_no_retry(planned: Planned, swept: Swept) -> None:
    plan = planned("search.n_trials=4")
    sweep = swept(plan)
    end(sweep, begin(sweep), 0.5)
    job = begin(sweep)
    plan.folder.trial(1).history.touch()  # it has begun to train
    sweep.interrupted(job)
    assert sweep.outcome(130) == Outcome(130, "interrupted")
    assert state(sweep, 1).state is TrialState.INTERRUPTED
    again = swept(plan)
    assert [(asked.number, asked.retries) for asked in again.waiting] == [(1, 0)]
    second = begin(again)
    assert (second.number, second.overrides) == (1, job.overrides)


def test_a_trial_whose_driver_was_killed_is_a_retry_if_it_had_begun(planned: Planned, swept: Swept) -> None:
    plan = planned("search.n_trials=4")
    killed = swept(plan)
    first, second = begin(killed), begin(killed)
    plan.folder.trial(first.number).history.touch()
    again = swept(plan)
    assert [(asked.number, asked.retries) for asked in again.waiting] == [(first.number, 1), (second.number, 0)]


def test_a_pruned_trial_is_told_as_such_unless_it_came_to_its_end(planned: Planned, swept: Swept) -> None:
    median = ["pruner=median", "pruner.n_startup_trials=1", "pruner.n_warmup_steps=0"]
    sweep = swept(planned("search.n_trials=4", "search.metric=val_accuracy", *median))
    good = begin(sweep)
    assert [sweep.epoch(good, row) for row in rows(0.7, 0.8, 0.9)] == [False] * 3
    end(sweep, good, 0.9)
    for stopped, expected in ((True, TrialState.PRUNED), (False, TrialState.COMPLETE)):
        bad = begin(sweep)
        assert sweep.epoch(bad, rows(0.1)[0])
        end(sweep, bad, 0.1, stopped=stopped, epochs=1 if stopped else 3)
        assert state(sweep, bad.number).state is expected


def test_an_audited_trial_goes_on_and_says_where_it_would_have_ended(planned: Planned, swept: Swept) -> None:
    median = ["pruner=median", "pruner.n_startup_trials=1", "pruner.n_warmup_steps=0"]
    sweep = swept(planned("search.n_trials=4", "search.metric=val_accuracy", "search.audit=1.0", *median))
    good = begin(sweep)
    for row in rows(0.7, 0.8, 0.9):
        sweep.epoch(good, row)
    end(sweep, good, 0.9)
    bad = begin(sweep)
    assert [sweep.epoch(bad, row) for row in rows(0.1, 0.2, 0.3)] == [False] * 3
    end(sweep, bad, 0.3)
    assert (state(sweep, bad.number).state, state(sweep, bad.number).audited) == (TrialState.COMPLETE, 1)


def test_constraints_leave_trials_out_before_and_after_they_are_trained(planned: Planned, swept: Swept) -> None:
    sweeps = {"model.units": "choice([8],[16],[32],[64])", "model.dropout": "interval(0.0,0.5)"}
    bounds = "search.constraints=['parameters<=13000','val_loss<0.034']"
    plan = planned(bounds, "search.n_trials=8", "search.metric=val_accuracy", sweeps=sweeps)
    run_sweep(swept(plan), InlineExecutor())
    study = read_study(plan.folder)
    assert {trial.overrides["model.units"] for trial in study.trials[1:]} == {"[8]", "[16]"}  # 6,370 and 12,730
    late = [trial for trial in study.trials if trial.infeasible]
    assert late
    assert len(late) < 8
    assert all(trial.metrics["val_loss"] >= 0.034 and trial.values for trial in late)
    assert all("not val_loss<0.034" in state(plan_sweep, trial.number).infeasible[0]
               for plan_sweep in [swept(plan)] for trial in late)  # fmt: skip
    assert study.best is not None
    assert study.best not in late
    summary = read_json(plan.folder.summary)
    assert summary["best"]["trial"] == study.best.number == min(
        (trial.metrics["val_loss"], trial.number) for trial in study.trials if trial not in late)[1]  # fmt: skip
    assert swept(plan).search.finished.best().number == study.best.number  # type: ignore[union-attr]


def test_a_trial_that_says_it_can_not_meet_them_is_not_trained(planned: Planned, swept: Swept) -> None:
    sweep = swept(planned("search.n_trials=3", "search.constraints=['val_loss<1']"))
    end(sweep, begin(sweep), 0.5)
    job = begin(sweep)
    assert job.settings["constraints"] == ["val_loss<1"]
    sweep.done(job, {"stopped": True, "epochs": 0, "metrics": {"val_loss": 2.0}, "fit_seconds": 0.1})
    found = state(sweep, 1)
    assert (found.state, found.values, found.infeasible) == (TrialState.PRUNED, None, ["val_loss=2, not val_loss<1"])
    assert sweep.search.finished.best().number == 0  # type: ignore[union-attr]
    for number in (0, 1):
        sweep.plan.folder.trial(number).history.touch()
    again = swept(sweep.plan)
    assert not again.files.lost
    assert again.next_job().number == 2  # type: ignore[union-attr]


def test_the_baseline_is_trained_whatever_the_constraints_are(
    planned: Planned, swept: Swept, capsys: pytest.CaptureFixture[str]
) -> None:
    sweeps = {"model.units": "choice([8],[16])"}
    plan = planned("search.constraints=['parameters<=7000']", "search.n_trials=9", sweeps=sweeps)
    assert "trial 0, is no candidate: parameters=12,730, not parameters<=7000" in capsys.readouterr().out
    sweep = swept(plan)
    assert begin(sweep).settings["constraints"] == []
    assert run_sweep(swept(plan), InlineExecutor()).why == "every combination of the space has been tried"
    study = read_study(plan.folder)
    assert [bool(trial.infeasible) for trial in study.trials] == [True, False]
    assert study.baseline is not None
    only = swept(planned("search.constraints=['val_loss<1e-9']", "search.n_trials=1", "study.name=none"))
    run_sweep(only, InlineExecutor())
    assert only.files.none_best() == "No complete trial meets search.constraints: val_loss<1e-9"


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["search.constraints=['parameters<=5']"], "no configuration of this space was found that meets parameters<=5"),
        (["search.constraints=['parameters<=13000']", "search.start=['model.units=[99]']"],
         "search.start: model.units=[99] does not meet search.constraints: parameters=78,715, not parameters<=13000"),
    ],
)  # fmt: skip
def test_what_can_never_meet_them_is_told(overrides: list[str], message: str, planned: Planned) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        planned(*overrides, sweeps={"model.units": "choice([8],[16])", "model.dropout": "interval(0.0,0.5)"})


def test_the_pruner_does_not_measure_by_a_baseline_that_does_not_meet_the_constraints(
    planned: Planned, swept: Swept
) -> None:
    sweeps = {"model.units": "choice([8],[16])"}
    halving = ["pruner=asha", "search.metric=val_accuracy", "runtime.workers=1"]
    for bound, pruned in (("parameters<=7000", False), ("parameters<=13000", True)):
        sweep = swept(planned(*halving, f"search.constraints=['{bound}']", f"study.name={bound[12:]}", sweeps=sweeps))
        base = begin(sweep)
        assert [sweep.epoch(base, row) for row in rows(0.9, 0.9, 0.9)] == [False] * 3
        end(sweep, base, 0.9)
        assert sweep.epoch(begin(sweep), rows(0.1)[0]) is pruned


def test_retries_are_counted_after_an_interrupt_too(planned: Planned, swept: Swept) -> None:
    plan = planned("search.n_trials=4")
    sweep = swept(plan)
    job = begin(sweep)
    plan.folder.trial(job.number).history.touch()  # it has begun to train
    sweep.interrupted(job)
    for retries in (0, 1, 2, 3):  # each driver is killed
        (asked,) = swept(plan).waiting
        assert asked.retries == retries
        begin(swept(plan))
        plan.folder.trial(job.number).history.touch()
