"""Trials on several seeds: who is trained on all of them, what counts, and what is not trained again."""

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.confirm.finalists import fresh_seed
from mnist_sweep.driver.loop import Sweep, run_sweep
from mnist_sweep.driver.plan import Plan
from mnist_sweep.driver.seeds import APART, OnSeeds, further_seed, in_race
from mnist_sweep.execution import InlineExecutor, Job
from mnist_sweep.execution.executor import Done, Event
from mnist_sweep.execution.job_folder import write_job
from mnist_sweep.execution.progress import Silent
from mnist_sweep.execution.runner import Runner
from mnist_sweep.files import read_json, read_yaml, read_yaml_list, write_json
from mnist_sweep.results.study import read_study
from mnist_sweep.storage.state import TrialState, check_state, read_state
from mnist_sweep.tracking.entities import final_metrics

Planned = Callable[..., Plan]
Swept = Callable[[Plan], Sweep]
ARGUMENTS = ["search.seeds=3", "search.metric=val_accuracy", "search.n_trials=4"]


class Noisy(InlineExecutor):
    """Dry trials with a result that depends on the seed; the same job is never submitted twice."""

    def __init__(self, spread: float = 0.004) -> None:
        super().__init__()
        self.spread = spread
        self.submitted: list[int] = []

    def submit(self, job: Job) -> None:
        assert job.number not in self.submitted
        self.submitted.append(job.number)
        super().submit(job)
        shift = self.spread * (-1, 0, 1)[(job.number // APART + job.number) % 3]
        for row in self.jobs[job.number].left:
            row["val_accuracy"] += shift


def sweep_of(plan: Plan, swept: Swept, executor: InlineExecutor) -> OnSeeds:
    sweep = swept(plan)
    source = OnSeeds(sweep)
    run_sweep(sweep, executor, source)
    source.leave()
    return source


def test_the_mean_counts_and_the_spread_is_kept(planned: Planned, swept: Swept) -> None:
    plan, executor = planned(*ARGUMENTS), Noisy()
    sweep_of(plan, swept, executor)
    study = read_study(plan.folder)
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE] * 4
    assert set(executor.submitted) >= {0, APART, 2 * APART}  # the baseline always
    for trial in study.trials:
        seeds = trial.seeds.get("val_accuracy", ())
        assert len(seeds) in (0, 3)
        if seeds:
            assert trial.values == [pytest.approx(statistics.fmean(seeds))]
            assert statistics.stdev(seeds) == pytest.approx(0.004)
            assert trial.spread("val_accuracy") == " ± 0.0040 over 3 seeds"
        else:
            assert trial.metrics["val_accuracy"] == trial.values[0]
    baseline = study.trials[0]
    logged = {one.key: one.value for one in final_metrics(baseline.folder)}
    assert (logged["seeds"], logged["val_accuracy_std"]) == (3.0, pytest.approx(0.004))
    assert logged["val_accuracy"] == baseline.values[0]
    configs = [(baseline.folder.on_seed(index).config).read_text() for index in (1, 2)]
    assert [f"seed: {further_seed(0, index)}" in text for index, text in enumerate(configs, 1)] == [True, True]
    again = swept(plan)
    assert again.search.finished.trial(0).seeds["val_accuracy"] == baseline.seeds["val_accuracy"]  # type: ignore[union-attr]


def test_who_is_far_behind_is_trained_once(planned: Planned, swept: Swept) -> None:
    sweep = swept(planned(*ARGUMENTS))
    assert in_race(sweep.search, 0.0)  # nothing is known yet
    for value in (0.9, 0.8):
        number = sweep.search.ask().number  # type: ignore[union-attr]
        seeds = {"val_accuracy": [value - 0.01, value, value + 0.01]}
        sweep.search.tell(number, TrialState.COMPLETE, {"val_accuracy": value}, seeds=seeds)
    assert in_race(sweep.search, 0.881)
    assert not in_race(sweep.search, 0.879)  # two standard deviations below the best
    assert in_race(sweep.search, 0.99)


def test_what_has_ended_is_not_trained_again_after_a_kill(planned: Planned, swept: Swept) -> None:
    plan = planned("search.seeds=3", "search.metric=val_accuracy", "search.n_trials=1")
    sweep = swept(plan)
    source, executor = OnSeeds(sweep), Noisy()
    runner = Runner(executor, source, 1, None)
    while not (read_state(plan.folder.trial(0).on_seed(1).state)):  # the first further seed has ended
        runner._fill()
        for event in executor.events(0):
            runner._handle(event, Silent())
    assert check_state(plan.folder.trial(0).state).state is TrialState.RUNNING
    assert read_study(plan.folder).trials[0].state is TrialState.INTERRUPTED  # nobody runs it
    second = Noisy()  # the driver was killed here
    sweep_of(plan, swept, second)
    assert second.submitted == [2 * APART]
    state = check_state(plan.folder.trial(0).state)
    assert (state.state, len((state.seeds or {})["val_accuracy"])) == (TrialState.COMPLETE, 3)


class _Stops(Noisy):
    """Stops everything after the first run of the first trial."""

    def __init__(self, stop: Callable[[], None]) -> None:
        super().__init__()
        self.ask = stop

    def events(self, timeout: float) -> list[Event]:
        found = super().events(timeout)
        if any(isinstance(event, Done) for event in found):
            self.ask()
        return found


def test_an_interrupted_trial_keeps_its_first_run(planned: Planned, swept: Swept) -> None:
    plan = planned("search.seeds=3", "search.metric=val_accuracy", "search.n_trials=1", "runtime.workers=1")
    sweep = swept(plan)
    source = OnSeeds(sweep)

    class Interrupts:
        received: int | None = None

    interrupts: Any = Interrupts()
    executor = _Stops(lambda: setattr(interrupts, "received", 2))
    Runner(executor, source, 1, interrupts).run(Silent())
    source.leave()
    state = check_state(plan.folder.trial(0).state)
    assert (state.state, len((state.seeds or {})["val_accuracy"])) == (TrialState.INTERRUPTED, 1)
    second = Noisy()
    sweep_of(plan, swept, second)
    assert second.submitted == [APART, 2 * APART]
    assert check_state(plan.folder.trial(0).state).retries == 0


def test_a_trial_that_fails_on_a_seed_has_failed(planned: Planned, swept: Swept) -> None:
    sweep = swept(planned(*ARGUMENTS))
    source = OnSeeds(sweep)
    first = source.next_job()
    assert first is not None
    write_job(first)
    source.submitted(first)
    source.done(first, {"stopped": False, "epochs": 3, "metrics": {"val_accuracy": 0.9}, "fit_seconds": 1.0})
    further = [source.next_job(), source.next_job()]
    assert [job.number for job in further if job] == [APART, 2 * APART]
    assert further[0] is not None
    assert further[0].folder == str(Path(first.folder) / "seeds" / "1")
    source.failed(further[0], "loss became NaN")
    assert sweep.active  # the other seed still runs
    assert further[1] is not None
    source.failed(further[1], "loss became NaN")
    state = check_state(sweep.plan.folder.trial(0).state)
    assert state.state is TrialState.FAIL
    assert state.reason == "on seed 3 of 3: loss became NaN"


def test_one_seed_is_as_before(planned: Planned, swept: Swept) -> None:
    executor = Noisy()
    plan = planned("search.metric=val_accuracy", "search.n_trials=3")
    sweep_of(plan, swept, executor)
    assert executor.submitted == [0, 1, 2]
    assert all(not trial.seeds and not trial.folder.seeds.exists() for trial in read_study(plan.folder).trials)


def test_the_seeds_are_of_the_search_alone() -> None:
    mine = {further_seed(0, index) for index in range(1, 100)}
    assert len(mine) == 99
    assert mine.isdisjoint({0, *(fresh_seed(0, index) for index in range(100))})


FOLDS = ["data.validation=kfold", "++data.folds=4", "search.metric=val_accuracy", "search.n_trials=3"]


def test_folds_are_as_seeds(planned: Planned, swept: Swept) -> None:
    plan, executor = planned(*FOLDS), Noisy()
    sweep_of(plan, swept, executor)
    study = read_study(plan.folder)
    baseline = study.trials[0]
    assert len(baseline.seeds["val_accuracy"]) == 4
    assert baseline.values == [pytest.approx(statistics.fmean(baseline.seeds["val_accuracy"]))]
    assert baseline.spread("val_accuracy").endswith(" over 4 folds")
    assert "over 4 folds" in plan.folder.readme.read_text()
    further = [baseline.folder.on_seed(index) for index in (1, 2, 3)]
    assert [read_yaml(one.config)["data"]["fold"] for one in further] == [1, 2, 3]
    assert {read_yaml(one.config)["study"]["seed"] for one in (baseline.folder, *further)} == {0}
    assert [read_yaml_list(one.overrides)[-1] for one in further] == ["data.fold=1", "data.fold=2", "data.fold=3"]
    assert read_yaml(baseline.folder.config)["data"]["fold"] == 0
    logged = {one.key: one.value for one in final_metrics(baseline.folder)}
    assert logged["folds"] == 4.0
    assert "seeds" not in logged


def test_a_trial_is_compared_on_the_same_fold_but_one_fold_never_beats_a_mean(planned: Planned, swept: Swept) -> None:
    sweep = swept(planned(*FOLDS))
    number = sweep.search.ask().number  # type: ignore[union-attr]
    seeds = {"val_accuracy": [0.95, 0.89, 0.90, 0.90]}  # the first fold is easy; the standard deviation is 0.027
    sweep.search.tell(number, TrialState.COMPLETE, {"val_accuracy": 0.91}, seeds=seeds)
    assert in_race(sweep.search, 0.90, is_paired=True)
    assert not in_race(sweep.search, 0.88, is_paired=True)
    assert in_race(sweep.search, 0.88)
    hard = {"val_accuracy": [0.80, 0.98, 0.98, 0.98]}
    number = sweep.search.ask().number  # type: ignore[union-attr]
    sweep.search.tell(number, TrialState.COMPLETE, {"val_accuracy": 0.935}, seeds=hard)
    assert in_race(sweep.search, 0.79, is_paired=True)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["data.validation=kfold", "search.seeds=2"], "search.seeds must be 1 with data.validation=kfold"),
        (["data.validation=kfold", "data.fold=1"], "data.fold must be 0 for a search"),
        (["data.folds=3"], "data.folds and data.fold are of data.validation=kfold"),
        (["data.validation=kfold", "data.folds=1"], "data.folds must be at least 2, got 1"),
        (["data.validation=kfold", "data.folds=3", "data.fold=3"], "data.fold must be below data.folds, 3, got 3"),
        (["data.validation=kfold", "data.split_seed=null"], "data.validation=kfold needs data.split_seed"),
    ],
)
def test_what_says_nothing_together_is_refused(overrides: list[str], message: str, planned: Planned) -> None:
    with pytest.raises(UserError, match=message):
        planned(*(f"++{text}" if text.startswith("data.fold") else text for text in overrides))


def test_an_objective_that_only_curves_have_is_known_of_what_ended_before(planned: Planned, swept: Swept) -> None:
    plan = planned("search.seeds=3", "search.metric=best_val_accuracy", "search.n_trials=1", "runtime.workers=1")
    source, executor = OnSeeds(swept(plan)), Noisy()
    runner = Runner(executor, source, 1, None)
    further = plan.folder.trial(0).on_seed(1)
    while not read_state(further.state):
        runner._fill()
        for event in executor.events(0):
            runner._handle(event, Silent())
    metrics = read_json(further.metrics)
    assert metrics.pop("best_val_accuracy") == max(row["val_accuracy"] for row in further.rows())
    write_json(further.metrics, metrics)  # as of a metric of which a task does not say which way it is better
    sweep_of(plan, swept, Noisy())
    assert len((check_state(plan.folder.trial(0).state).seeds or {})["best_val_accuracy"]) == 3
