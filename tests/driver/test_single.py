"""A single trial, and what is said of it."""

from collections.abc import Callable

from mnist_sweep.config.composed import Composed
from mnist_sweep.driver.single import train, train_request
from mnist_sweep.execution.progress import Silent
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
