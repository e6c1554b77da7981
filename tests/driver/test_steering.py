"""A search that is steered while it runs."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mnist_sweep.driver import steering as module
from mnist_sweep.driver.loop import Sweep, run_sweep
from mnist_sweep.driver.plan import Plan
from mnist_sweep.driver.seeds import OnSeeds
from mnist_sweep.driver.steering import Steering, stop_from_mlflow
from mnist_sweep.execution import Failed, InlineExecutor
from mnist_sweep.execution.progress import Silent
from mnist_sweep.execution.runner import Runner
from mnist_sweep.files import write_json
from mnist_sweep.results.study import read_study
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.requests import Answer, logged
from mnist_sweep.storage.state import FINISHED, TrialState, check_state

Planned = Callable[..., Plan]
Swept = Callable[[Plan], Sweep]


class Steered:
    """A sweep with its runner, a step at a time."""

    def __init__(self, sweep: Sweep) -> None:
        self.sweep = sweep
        self.steering = Steering(OnSeeds(sweep))
        self.executor = InlineExecutor()
        self.runner = Runner(self.executor, self.steering.source, self.steering.at_once, None, self.steering)
        self.folder = sweep.plan.folder
        self.asked = 0

    def ask(self, kind: str, *overrides: str, trial: int | None = None) -> Answer:
        """Writes a request as `send` does, and has it answered."""
        self.write(kind, *overrides, trial=trial)
        self.runner._obey()
        return logged(self.folder)[-1][1]

    def write(self, kind: str, *overrides: str, trial: int | None = None) -> None:
        self.asked += 1
        content: dict[str, Any] = {
            "kind": kind,
            "by": "me@here",
            "at": 1.0,
            "trial": trial,
            "overrides": list(overrides),
        }
        self.folder.requests.mkdir(exist_ok=True)
        write_json(self.folder.requests / f"{self.asked:09d}-1.json", content)

    def step(self) -> None:
        """Fills, and handles what has happened."""
        self.runner._obey()
        if not self.steering.is_paused:
            self.runner._fill()
        for event in self.executor.events(0):
            self.runner._handle(event, Silent())

    def run(self) -> None:
        """Runs until nothing is left, or until it is paused and nothing runs."""
        self.step()
        while self.runner.active or (not self.steering.is_paused and self.steps_on()):
            self.step()

    def steps_on(self) -> bool:
        """Whether another trial begins."""
        self.runner._fill()
        return bool(self.runner.active)


@pytest.fixture
def steered(planned: Planned, swept: Swept, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Steered]:
    """Begins a search of four dry trials of three epochs."""
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.0)
    return lambda *overrides: Steered(
        swept(planned("search.metric=val_accuracy", *(overrides or ["search.n_trials=4"])))
    )


def test_a_trial_that_is_stopped_by_hand_is_pruned_and_says_by_whom(steered: Callable[..., Steered]) -> None:
    one = steered()
    one.step()
    one.step()
    assert one.ask("stop", trial=1) == Answer(True, "trial 1 stops within a few batches, as pruned")
    assert one.ask("stop", trial=9).text == "trial 9 is not running; running are: 0, 1"
    one.run()
    state = check_state(one.folder.trial(1).state)
    assert (state.state, state.reason) == (TrialState.PRUNED, "stopped by me@here")
    assert len(one.folder.trial(1).rows()) < 3
    study = read_study(one.folder)
    assert [trial.state.value for trial in study.trials] == ["COMPLETE", "PRUNED", "COMPLETE", "COMPLETE"]
    assert study.trials[1].described.endswith("(stopped by me@here)")
    assert one.sweep.search.prunes
    one.sweep.files.conclude()
    assert one.sweep.files.pruning is not None
    assert one.sweep.files.pruning.pruned == 0  # not the pruner's


def test_a_trial_without_an_epoch_can_be_stopped(steered: Callable[..., Steered]) -> None:
    one = steered("search.n_trials=1")
    one.runner._fill()
    assert one.ask("stop", trial=0).is_done
    one.run()
    state = check_state(one.folder.trial(0).state)
    assert (state.state, state.reason, state.values) == (TrialState.PRUNED, "stopped by me@here", None)


def test_what_is_added_is_the_next_trial(steered: Callable[..., Steered]) -> None:
    one = steered()
    one.step()
    assert one.ask("add", "model.dropout=0.77").text == "it is the next trial"
    assert not one.ask("add", "model.dropout=0.77").is_done  # tried, or being tried
    assert one.ask("add", "model.dropuot=0.1").text == (
        "add: model.dropuot is not a known key; did you mean model.dropout?"
    )
    one.run()
    added = check_state(one.folder.trial(2).state)
    assert (added.overrides, added.origin) == ({"model.dropout": "0.77"}, "add by me@here")
    assert len(read_study(one.folder).trials) == 4


def test_limits_are_changed(steered: Callable[..., Steered]) -> None:
    one = steered()
    one.step()
    assert one.ask("set", "search.n_trials=3", "runtime.workers=1").is_done
    assert (one.runner.at_once, one.sweep.budget.limits.n_trials) == (1, 3)
    for wrong, part in (
        (["search.n_trials=0"], "search.n_trials must be at least 1, got 0"),
        (["search.timeout=soon"], "search.timeout must be a number of seconds"),
        (["search.seeds=3"], "search.seeds can't be set while the search is running"),
        (["model.dropout=0.1"], "model.dropout can't be set"),
        ([], "set takes values of search.n_trials"),
        (["search.min_delta=0.1"], "search.patience, which is null"),
        (["search.n_trials=null"], "search.n_trials must be a number where nothing else ends the search"),
    ):
        found = one.ask("set", *wrong)
        assert not found.is_done
        assert part in found.text
    assert one.sweep.budget.limits.n_trials == 3
    one.run()
    assert len(read_study(one.folder).trials) == 3


def test_a_pause_lets_running_trials_end(steered: Callable[..., Steered]) -> None:
    one = steered()
    one.step()
    assert one.ask("pause").is_done
    assert not one.ask("pause").is_done
    one.run()
    assert len(read_study(one.folder).trials) == 2
    assert one.ask("resume").is_done
    assert not one.ask("resume").is_done
    one.run()
    assert len(read_study(one.folder).trials) == 4


def test_a_stop_request_is_as_ctrl_c(planned: Planned, swept: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.0)
    sweep = swept(planned("search.n_trials=50"))
    source = OnSeeds(sweep)
    steering = Steering(source)
    folder = sweep.plan.folder

    class Asks(InlineExecutor):
        def events(self, timeout: float) -> list[Any]:
            if sweep.search.finished.counts.total() >= 3 and not logged(folder):
                folder.requests.mkdir(exist_ok=True)
                write_json(folder.requests / "1-1.json", {"kind": "stop", "by": "me@here", "at": 1.0})
            return super().events(timeout)

    outcome = run_sweep(sweep, Asks(), source, steering)
    assert (outcome.code, outcome.why) == (130, "stopped by me@here")
    assert sweep.search.finished.counts.total() < 50
    assert sweep.stopped_by == "me@here"


def test_a_stop_from_mlflow_is_logged_and_waits_for_no_answer(steered: Callable[..., Steered]) -> None:
    one = steered()
    stop_from_mlflow(one.folder)
    one.runner._obey()
    assert one.steering.is_stopped
    ((request, given),) = logged(one.folder)
    assert (request.kind, request.by, given.is_done) == ("stop", "the tag stop in MLflow", True)
    assert list(one.folder.requests.iterdir()) == []


def test_what_an_earlier_driver_has_left_is_answered_but_not_done(steered: Callable[..., Steered]) -> None:
    one = steered()
    one.write("set", "search.n_trials=1")
    again = Steered(one.sweep)
    assert logged(one.folder)[-1][1] == Answer(False, "the driver that was asked ended before it could answer")
    assert again.sweep.budget.limits.n_trials == 4
    again.write("pause")
    again.steering.close()
    assert logged(one.folder)[-1][1] == Answer(False, "the search has ended")


def test_fifty_random_requests_and_kills_leave_the_right_count_and_an_honest_log(
    planned: Planned, swept: Swept, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.0)
    draw = random.Random(0)
    plan = planned("search.metric=val_accuracy", "search.n_trials=40")
    one, asked, done = Steered(swept(plan)), 0, 0
    while asked < 50:
        for _ in range(draw.randrange(4)):
            one.step()
        kind = draw.choice(["stop", "pause", "resume", "add", "set", "set"])
        overrides = {
            "add": [f"model.dropout={draw.randrange(99) / 100}"],
            "set": [draw.choice(["search.n_trials=40", "runtime.workers=3", "search.timeout=1x"])],
        }.get(kind, [])
        one.asked = asked
        done += one.ask(kind, *overrides, trial=draw.randrange(40) if kind == "stop" else None).is_done
        asked += 1
        if draw.random() < 0.15:  # the driver is killed, and begins again
            one = Steered(swept(plan))
    if one.steering.is_paused:
        one.asked = asked
        one.ask("resume")
        asked, done = asked + 1, done + 1
    assert not one.sweep.search.running or one.runner.active or one.sweep.waiting
    one.run()
    log = logged(StudyFolder(plan.folder.path))
    assert len(log) == asked
    assert sum(answer.is_done for _, answer in log) == done
    study = read_study(plan.folder)
    assert len(study.of_state(*FINISHED)) == len(study.trials) == 40
    assert all((trial.reason or "").startswith("it was lost 3 times") for trial in study.of_state(TrialState.FAIL))
    added = [answer for request, answer in log if request.kind == "add" and answer.is_done]
    assert sum(trial.origin == "add by me@here" for trial in study.trials) == len(added)
    assert {trial.reason for trial in study.of_state(TrialState.PRUNED)} <= {None, "stopped by me@here"}
    overrides = [str(sorted(trial.overrides.items())) for trial in study.trials]
    assert len(set(overrides)) == 40  # nothing is tried twice


def test_a_trial_that_is_lost_after_it_was_stopped_by_hand_is_stopped_again(steered: Callable[..., Steered]) -> None:
    one = steered("search.n_trials=1")
    one.step()
    assert one.ask("stop", trial=0).is_done
    one.executor.jobs.clear()
    one.runner._handle(Failed(0, "killed", "lost"), Silent())  # before it obeys
    one.run()
    state = check_state(one.folder.trial(0).state)
    assert (state.state, state.reason) == (TrialState.PRUNED, "stopped by me@here")


def test_the_busy_share_counts_the_workers_that_there_were(steered: Callable[..., Steered]) -> None:
    one = steered()
    one.step()
    assert one.ask("set", "runtime.workers=1").is_done
    files = one.sweep.files
    assert files.at_once == 1
    before = files.summary().worker_seconds
    assert before > 0
    assert one.ask("set", "runtime.workers=2").is_done
    assert files.summary().worker_seconds >= before
