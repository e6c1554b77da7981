"""What ends a search."""

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.config.metrics import Metric
from mnist_sweep.driver import budget
from mnist_sweep.driver.budget import Budget, in_words, noise, seconds_allowed, stagnation
from mnist_sweep.driver.loop import Sweep, run_sweep
from mnist_sweep.driver.plan import Plan
from mnist_sweep.execution import InlineExecutor
from mnist_sweep.files import read_json
from mnist_sweep.search import Standing
from mnist_sweep.storage.state import TrialState

Planned = Callable[..., Plan]
Swept = Callable[[Plan], Sweep]
ACCURACY = Metric("val_accuracy", "maximize", "val_accuracy")
LOSS = Metric("val_loss", "minimize", "val_loss")


def trials(*values: float | None) -> list[Standing]:
    """Trials with these values; a pruned one where there is none."""
    states = [TrialState.PRUNED if value is None else TrialState.COMPLETE for value in values]
    return [Standing(number, state, None if value is None else (value,), {}, None)
            for number, (state, value) in enumerate(zip(states, values, strict=True))]  # fmt: skip


def test_small_steps_add_up_to_an_improvement() -> None:
    found = stagnation(trials(0.5, 0.506, 0.512, 0.51), ACCURACY, lambda _: 0.01)
    assert (found.count, found.best) == (1, 2)


def test_what_is_within_the_noise_is_no_improvement() -> None:
    found = stagnation(trials(0.5, 0.505, None, 0.509), ACCURACY, lambda _: 0.01)
    assert (found.count, found.best, found.delta) == (3, 0, 0.01)
    assert stagnation(trials(0.5, 0.45, 0.44), LOSS, lambda _: 0.01).count == 1
    assert stagnation(trials(None, None), ACCURACY, lambda _: 0.0).best is None


def test_a_pruned_trial_is_none_and_a_failed_one_does_not_count() -> None:
    pruned = replace(trials(0.9)[0], number=1, state=TrialState.PRUNED)  # Optuna keeps its last value
    failed = replace(trials(0.9)[0], number=2, state=TrialState.FAIL, values=None)
    assert stagnation([*trials(0.5), pruned, failed], ACCURACY, lambda _: 0.0).count == 1


def test_the_noise_is_of_an_accuracy_on_so_many_images() -> None:
    assert noise(ACCURACY, 10_000)(0.99) == pytest.approx(math.sqrt(0.99 * 0.01 / 10_000))
    assert noise(ACCURACY, 100)(1.0) == pytest.approx(0.01)  # none of 100 wrong is not certainty
    assert noise(LOSS, 10_000)(0.5) == noise(ACCURACY, 0)(0.5) == 0.0


def test_patience_ends_a_search(planned: Planned, swept: Swept) -> None:
    plan = planned("search.n_trials=null", "search.patience=3", "search.min_delta=0.5")
    outcome = run_sweep(swept(plan), InlineExecutor())
    assert outcome.why == ("search.patience=3: none of the last 3 trials is better than trial 0 by more than 0.5000")
    assert read_json(plan.folder.summary)["states"]["COMPLETE"] == 4
    again = swept(plan)  # the same call has nothing left to do, and a more patient one has
    assert again.next_job() is None
    assert swept(planned("search.n_trials=null", "search.patience=4", "search.min_delta=0.5")).next_job() is not None


def test_patience_ends_a_search_where_nothing_meets_the_constraints(planned: Planned, swept: Swept) -> None:
    plan = planned("search.n_trials=null", "search.patience=3", "search.constraints=['loss<=0']")
    assert run_sweep(swept(plan), InlineExecutor()).why == (
        "search.patience=3: none of the 4 trials meets search.constraints"
    )


def test_a_search_without_an_end_is_refused(planned: Planned) -> None:
    with pytest.raises(UserError, match=r"search.n_trials must be a number where nothing else ends the search"):
        planned("search.n_trials=null")
    assert planned("search.n_trials=null", "search.timeout=1h30m").settings.search.timeout == 5400


def test_a_finite_space_is_an_end(planned: Planned, swept: Swept) -> None:
    plan = planned("search.n_trials=null", sweeps={"model.dropout": "choice(0.1,0.2)"})
    assert run_sweep(swept(plan), InlineExecutor()).why == "every combination of the space has been tried"


def test_a_time_of_the_day_ends_it(planned: Planned, swept: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = swept(planned("search.n_trials=9", "search.until='07:00'"))
    assert sweep.budget.reason_to_stop(0) == ""
    moment = budget.next_time("07:00", datetime.now()).timestamp()
    monkeypatch.setattr("time.time", lambda: moment)
    assert sweep.budget.reason_to_stop(0) == "it is 07:00, search.until"


def test_the_sooner_of_two_times_is_what_is_left(planned: Planned) -> None:
    limits = planned("search.until='07:00'", "search.timeout=1m").settings.search
    left = seconds_allowed(limits)
    assert left is not None
    assert left <= 60
    assert seconds_allowed(replace(limits, timeout=None, until=None)) is None
    assert seconds_allowed(replace(limits, timeout=None)) <= 86400  # type: ignore[operator]


def test_what_ends_it_is_said(planned: Planned) -> None:
    plan = planned("search.n_trials=null", "search.timeout=5400", "search.until='07:00'", "search.patience=5")
    expected = "any number of trials of best_val_accuracy, at most 1h30m, until 07:00, until 5 in a row improve nothing"
    assert in_words(plan.settings.search) == expected


def test_a_budget_may_be_changed_while_it_runs(planned: Planned, swept: Swept) -> None:
    sweep = swept(planned("search.n_trials=2"))
    found = Budget(sweep.budget.limits, sweep.search, sweep.plan.description)
    assert found.reason_to_stop(2) == "all 2 trials are done"
    found.change(replace(found.limits, n_trials=3))
    assert found.reason_to_stop(2) == ""


def test_a_time_that_has_come_stays_so_where_other_limits_change(
    planned: Planned, swept: Swept, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = swept(planned("search.n_trials=9", "search.until='07:00'")).budget
    moment = budget.next_time("07:00", datetime.now()).timestamp()
    monkeypatch.setattr("time.time", lambda: moment)
    found.change(replace(found.limits, patience=5))
    assert found.reason_to_stop(0) == "it is 07:00, search.until"
    found.change(replace(found.limits, until=None))
    assert found.reason_to_stop(0) == ""
