"""What crosses a process's pipe, and what every executor has."""

import inspect
import pickle

import pytest

from mnist_sweep.execution import InlineExecutor, LocalExecutor
from mnist_sweep.execution.executor import Done, Epoch, Event, Executor, Failed, Job, Limits, Started, Trained

JOB = Job(3, "train", {"train": {"epochs": 2}}, "runs/0003", {"allowed": []}, ["train.epochs=2"], retries=1)


@pytest.mark.parametrize(
    "message",
    [JOB, Started(3), Epoch(3, {"epoch": 1.0}), Trained(3), Done(3, {"stopped": False}), Failed(3, "no", "lost")],
)
def test_what_crosses_a_pipe_arrives_as_it_was(message: Job | Event) -> None:
    assert pickle.loads(pickle.dumps(message)) == message  # noqa: S301 - of this process
    assert message.number == 3


def test_jobs_share_no_settings() -> None:
    first, second = Job(0, "train", {}, "0"), Job(1, "train", {}, "1")
    first.settings["allowed"] = ["mine"]
    assert second.settings == {}
    assert (second.overrides, second.retries) == ((), 0)


def test_nothing_is_limited_unless_it_is_said() -> None:
    assert Limits() == Limits(memory=None, seconds=None)


@pytest.mark.parametrize("kind", [InlineExecutor, LocalExecutor])
def test_an_executor_has_every_method_with_the_same_parameters(kind: type) -> None:
    methods = {name: one for name, one in vars(Executor).items() if inspect.isfunction(one) and name[0] != "_"}
    assert set(methods) == {"submit", "events", "stop", "close"}
    for name, method in methods.items():
        assert list(inspect.signature(getattr(kind, name)).parameters) == list(inspect.signature(method).parameters)
