"""A single trial, and what is said of it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from mnist_sweep.config.composed import Composed
from mnist_sweep.driver.single import _purpose, train, train_request
from mnist_sweep.execution.progress import Silent
from mnist_sweep.storage.test_set_log import Purpose
from mnist_sweep.tasks.data import not_shown


def test_each_call_is_the_next_trial(composed: Callable[..., Composed]) -> None:
    for number in range(2):
        trained = train(composed(sweeps={}), Silent(), not_shown)
        assert (trained.code, trained.folder.path.name) == (0, f"{number:04d}")
        assert trained.value is not None
        assert 0.9 < trained.value < 1


def test_what_surrounds_a_trial_is_not_of_it(composed: Callable[..., Composed]) -> None:
    request = train_request(composed(sweeps={}))
    assert "task=dry" in request.overrides
    assert not any(text.startswith(("runs_folder", "tracking", "runtime.workers")) for text in request.overrides)


@pytest.mark.parametrize(
    ("experiment", "overrides", "purpose"),
    [
        (None, ["data.validation=test"], Purpose.TRAIN),
        ("seed_dnn", ["experiment=seed_dnn"], Purpose.REPLAY),
        ("seed_dnn", ["experiment=seed_dnn", "data.path=/somewhere", "study.seed=3"], Purpose.REPLAY),
        ("seed_dnn", ["experiment=seed_dnn", "train.epochs=9"], Purpose.TRAIN),
    ],
)
def test_an_experiment_as_it_was_recorded_is_a_replay(
    composed: Callable[..., Composed], experiment: str | None, overrides: list[str], purpose: Purpose
) -> None:
    request = replace(train_request(composed(sweeps={})), experiment=experiment, overrides=overrides)
    assert _purpose(request) is purpose
