"""What a search will take, from what was found of its networks; building them is tested with `plan`."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.config.space_check import Example
from mnist_sweep.driver import estimate as estimating
from mnist_sweep.driver.estimate import (
    BYTES_PER_PARAMETER,
    FILES_BYTES,
    FIXED_SECONDS,
    LARGEST,
    SMALLEST,
    Network,
    data_bytes,
)
from mnist_sweep.driver.forecast import expected_share
from mnist_sweep.driver.plan import Plan

ENDS = [("model.units", "[8]"), ("model.units", "[64]"), ("model.dropout", "0.0"), ("model.dropout", "0.5"),
        ("model.strides", "1"), ("model.strides", "3")]  # fmt: skip
SIZES = [{"parameters": size} for size in (80, 640, 100, 100, 300, 40)]


@pytest.fixture
def tries(plan: Plan) -> list[Example]:
    return [Example(key, text, {key: text}, plan.base) for key, text in ENDS]


@pytest.fixture
def plan(planned: Callable[..., Plan]) -> Plan:
    space = {"model.dropout": "interval(0.0,0.5)", "train.batch_size": "choice(32,256,64)"}
    return planned("search.n_trials=6", sweeps=space)


def limited(plan: Plan, **runtime: int) -> Plan:
    settings = plan.settings
    return replace(plan, settings=replace(settings, runtime=replace(settings.runtime, **runtime)))


def test_the_extremes_are_at_the_ends_that_make_them_so(tries: list[Example]) -> None:
    smallest, largest = estimating._extremes(tries, SIZES)
    assert smallest == {"model.units": "[8]", "model.strides": "3"}  # dropout changes no size
    assert largest == {"model.units": "[64]", "model.strides": "1"}


def test_the_first_guess_is_by_number(tries: list[Example]) -> None:
    assert estimating._guess(tries, min) == {"model.dropout": "0.0", "model.strides": "1"}
    assert estimating._guess(tries, max) == {"model.dropout": "0.5", "model.strides": "3"}


def test_the_ends_of_the_models_own_parameters_are_tried(plan: Plan) -> None:
    found = [(one.text, one.overrides, one.config.plain()["model"]["dropout"]) for one in estimating._tries(plan)]
    assert found == [("0.0", {"model.dropout": "0.0"}, 0.0), ("0.5", {"model.dropout": "0.5"}, 0.5)]
    assert estimating._largest_batch(plan) == {"train.batch_size": "256"}


def test_a_network_that_can_not_meet_the_constraints_is_not_the_largest(planned: Callable[..., Plan]) -> None:
    def largest(*overrides: str) -> Mapping[str, str]:
        plan = planned("search.n_trials=6", *overrides, sweeps={"model.units": "choice([8],[64],[16,16])"})
        return estimating._drawable_extreme(plan, {"model.units": "[64]"}, estimating._tries(plan), max)

    small, start = "search.constraints=['parameters<=14000']", "search.start=[['model.units=[17]']]"
    assert largest() == {"model.units": "[64]"}
    assert largest(small) == {"model.units": "[16,16]"}  # 13,002 parameters
    assert largest(small, start) == {"model.units": "[17]"}  # 13,525


def test_networks_that_can_not_be_built_are_neither_the_smallest_nor_the_largest(planned: Callable[..., Plan]) -> None:
    lists = {"model.filters": "choice([4,4],[8,8,8])", "model.convolutions": "choice([2,2],[1,1,1])"}
    plan = planned("model=blocks", "model.filters=[4,4]", "model.convolutions=1", sweeps=lists)
    short, long = ({"model.filters": filters, "model.convolutions": convolutions}
                   for filters, convolutions in (("[4,4]", "[2,2]"), ("[8,8,8]", "[1,1,1]")))  # fmt: skip
    wrong = {"model.filters": "[8,8,8]", "model.convolutions": "[2,2]"}
    tries = estimating._tries(plan)
    assert [one.overrides for one in tries] == [{"model.filters": "[4,4]"}, {"model.filters": "[8,8,8]"},
                                                {"model.convolutions": "[2,2]"}, long]  # fmt: skip
    networks = estimating._networks(plan, tries, wrong, wrong)
    assert networks[SMALLEST] == {}  # of the base configuration, as of no convolutions at all
    assert networks[LARGEST] == {"model.filters": "[8,8,8]"}  # the largest of those that were tried
    assert estimating._networks(plan, tries, short, long)[SMALLEST] == short


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
