"""What a search will take, from what was found of its networks; building them is tested with `plan`."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.driver import estimate as estimating
from mnist_sweep.driver.estimate import (
    BYTES_PER_PARAMETER,
    FILES_BYTES,
    FIXED_SECONDS,
    Network,
    data_bytes,
)
from mnist_sweep.driver.extremes import LARGEST, SMALLEST
from mnist_sweep.driver.forecast import expected_share
from mnist_sweep.driver.plan import Plan


@pytest.fixture
def plan(planned: Callable[..., Plan]) -> Plan:
    space = {"model.dropout": "interval(0.0,0.5)", "train.batch_size": "choice(32,256,64)"}
    return planned("search.n_trials=6", sweeps=space)


def limited(plan: Plan, **runtime: int) -> Plan:
    settings = plan.settings
    return replace(plan, settings=replace(settings, runtime=replace(settings.runtime, **runtime)))


def test_the_images_count_once(plan: Plan) -> None:
    assert data_bytes(plan) == 6 * math.prod(plan.description.image) * 1437


def test_a_trials_time_is_of_its_steps_and_its_validation(plan: Plan) -> None:
    config = plan.composer.config({"train.batch_size": "256"})
    found = {"step_seconds": 0.01, "evaluation_seconds": 0.001}
    steps = -(-plan.description.train_images // 256)
    expected = FIXED_SECONDS + 3 * (steps * 0.01 + plan.description.validation_images * 0.001)
    assert estimating._trial_seconds(config, found, plan) == pytest.approx(expected)


def test_all_trials_take_the_mean_of_the_extremes(plan: Plan) -> None:
    networks = {SMALLEST: Network(10, 0.1, 20.0), LARGEST: Network(99, 0.2, 40.0)}
    assert estimating._mean_seconds(plan, networks)[0] == 30
    assert estimating._mean_seconds(plan, {LARGEST: networks[LARGEST]}) == (None, None)


def test_the_trials_are_those_that_fit_into_the_time(planned: Callable[..., Plan]) -> None:
    def trials(*overrides: str, seconds: float | None = 30.0) -> int | None:
        return estimating._trials(planned(*overrides, "runtime.workers=2"), seconds)

    assert trials("search.n_trials=6") == 6
    assert trials("search.n_trials=6", "search.timeout=1m") == 4
    assert trials("search.n_trials=null", "search.timeout=1m") == 4
    assert trials("search.n_trials=3", "search.timeout=1m") == 3
    assert trials("search.n_trials=null", "search.patience=3") is None
    assert trials("search.n_trials=null", "search.timeout=1m", seconds=None) is None


def test_a_trial_takes_what_the_pruner_leaves_of_it(plan: Plan) -> None:
    networks = {SMALLEST: Network(10, 0.1, 20.0), LARGEST: Network(99, 0.2, 40.0)}
    share = expected_share(plan.settings.pruner, plan.base.train.epochs, plan.settings.search.n_trials)
    assert 0 < share <= 1
    expected = FIXED_SECONDS + share * (30 - FIXED_SECONDS)
    assert estimating._mean_seconds(plan, networks)[1] == pytest.approx(expected)


def test_the_disk_has_every_trial_twice_the_best_models_and_checkpoints(plan: Plan) -> None:
    kept = plan.settings.study.keep_models
    files = 6 * 2 * FILES_BYTES + kept * BYTES_PER_PARAMETER * 1000
    largest = {"parameters": 1000.0, "checkpoint": 12_000.0}
    two = limited(plan, workers=2)  # and one that writes its files
    assert estimating._disk(two, largest, 6) == files + 2 * 3 * 12_000
    assert estimating._disk(two, {"parameters": 1000.0}, 6) == files


def test_what_fits_into_memory_is_what_a_trial_takes(plan: Plan) -> None:
    assert estimating._check_memory(plan, 1000) == 1000 + data_bytes(plan)


def test_what_does_not_fit_into_memory_is_told_with_a_way_out(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"runtime\.memory_limit must be at least 2\.0GB for the largest network"):
        estimating._check_memory(limited(plan, memory_limit=1_000_000_000), 2e9)
    monkeypatch.setattr(estimating, "free_memory", lambda: 10e9)
    with pytest.raises(UserError) as caught:
        estimating._check_memory(limited(plan, workers=6), 3e9)
    assert "runtime.workers=6 trials of the largest network" in str(caught.value)
    fitting = int(str(caught.value).rpartition("=")[2])
    assert 0 < fitting < 6
    estimating._check_memory(limited(plan, workers=fitting), 3e9)
    with pytest.raises(UserError, match="narrow the range of what makes the model so large"):
        estimating._check_memory(plan, 20e9)
