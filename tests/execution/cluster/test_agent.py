"""The agent of a node, in this process: real trials of the dry task, and of functions, in its local executor."""

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import psutil
import pytest
from hydra import compose

from mnist_sweep.config import parse_trial
from mnist_sweep.config.compose import plain
from mnist_sweep.execution import Done, Epoch, Failed, Job, Limits, Started, Trained
from mnist_sweep.execution.cluster.agent import SCRATCH, NodeAgent, facts, place
from mnist_sweep.execution.cluster.messages import Report, Setup
from mnist_sweep.execution.executor import Saved
from mnist_sweep.files import read_json

FUNCTION = """
import time


def objective(config, trial):
    trial.resumed()
    for epoch in range(trial.last_epoch + 1, 1000):
        trial.report(epoch, score=float(epoch))
        trial.checkpoint(epoch, {"epoch": str(epoch).encode()})
        time.sleep(config["pause"])
"""


@pytest.fixture(autouse=True)
def own_fork_server() -> Iterator[None]:
    """An agent's fork server ends with the agent's thread: the next test of this process needs another one."""
    forkserver._forkserver._stop()
    yield
    forkserver._forkserver._stop()


def agent_of(setup_place: Any) -> NodeAgent:
    return NodeAgent(3, "a node", Setup(Limits(), (), None, setup_place))


def until_the_end(agent: NodeAgent, ticket: int, seconds: float = 60) -> list[Report]:
    found: list[Report] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found += agent.reports(found[-1].sequence if found else 0, 0.2)
        if any(report.ticket == ticket and isinstance(report.event, Done | Failed) for report in found):
            return found
    raise AssertionError(found)


@pytest.fixture
def dry(hydra_conf: None, tmp_path: Path) -> Job:
    config = parse_trial(plain(compose("config", ["task=dry", "data=digits", "model=dnn", "train.epochs=2"])))
    settings = {
        "allowed": [],
        "environment": {"command": "x", "data": {}},
        "data": {"train_images": 10, "image": [28, 28, 1], "classes": 10},
    }
    (tmp_path / "0005").mkdir()
    return Job(5, "train", config.plain(), str(tmp_path / "0005"), settings)


@pytest.fixture
def function(hydra_conf: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    (tmp_path / "slow_function.py").write_text(FUNCTION)
    monkeypatch.syspath_prepend(str(tmp_path))
    given = ["task=function", "task.function=slow_function.objective", "++params.pause=0.05"]
    config = parse_trial(plain(compose("config", given)), ["slow_function"])
    settings = {"allowed": ["slow_function"], "environment": {}, "data": {}}
    return Job(6, "train", config.plain(), str(tmp_path / "0006"), settings)


def test_a_far_node_sends_the_files_of_a_trial(dry: Job) -> None:
    agent = agent_of(("elsewhere", "", ""))
    agent.submit(11, dry, None)
    agent.submit(11, dry, None)  # a call may arrive twice
    reports = until_the_end(agent, 11)
    agent.close()
    assert [type(report.event) for report in reports] == [Started, Epoch, Epoch, Trained, Done]
    assert [report.sequence for report in reports] == [1, 2, 3, 4, 5]
    assert {(report.incarnation, report.ticket) for report in reports} == {(3, 11)}
    packed = reports[-1].files
    assert packed is not None
    assert {"history.csv", "metrics.json", "environment.json", "log.txt"} <= set(packed)
    assert b'"node": "a node"' in packed["environment.json"]
    assert not list(Path(dry.folder).iterdir())  # nothing is written but by the driver
    assert not agent._scratch.exists()


def test_a_node_that_the_driver_shares_leaves_the_files_where_they_can_be_moved(dry: Job) -> None:
    agent = agent_of(place())
    agent.submit(12, dry, None)
    last = until_the_end(agent, 12)[-1]
    agent.close()
    assert last.files is None
    assert last.folder == f"{dry.folder}/.12"
    assert read_json(Path(last.folder) / "environment.json")["machine_class"] == facts().machine["machine_class"]


def test_what_was_not_received_is_said_again(dry: Job) -> None:
    agent = agent_of(place())
    agent.submit(1, dry, None)
    last = until_the_end(agent, 1)[-1]
    assert agent.reports(last.sequence - 1, 0) == agent.reports(last.sequence - 1, 0) == [last]
    assert agent.reports(last.sequence, 0) == agent.reports(0, 0) == []
    agent.close()


def test_a_stop_request_may_come_first(function: Job) -> None:
    agent = agent_of(("elsewhere", "", ""))
    agent.stop(9)
    agent.submit(9, function, None)
    last = until_the_end(agent, 9)[-1].event
    agent.close()
    assert isinstance(last, Done)
    assert last.result["stopped"]


def test_a_killed_trial_is_lost_and_the_agent_goes_on(function: Job, dry: Job) -> None:
    agent = agent_of(("elsewhere", "", ""))
    agent.submit(1, function, None)
    while not any(isinstance(report.event, Epoch) for report in agent.reports(0, 1)):
        pass
    server = next(p for p in psutil.Process().children() if "forkserver" in " ".join(p.cmdline()))
    for trial in server.children():
        os.kill(trial.pid, signal.SIGKILL)
    last = until_the_end(agent, 1)[-1].event
    assert isinstance(last, Failed)
    assert last.cause == "lost"
    agent.submit(2, dry, None)
    assert isinstance(until_the_end(agent, 2)[-1].event, Done)
    agent.close()


def saved(agent: NodeAgent, ticket: int) -> Report:
    """The first checkpoint that a job has written."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for report in agent.reports(0, 1):
            if report.ticket == ticket and isinstance(report.event, Saved):
                return report
    raise AssertionError


def first_epoch(agent: NodeAgent, ticket: int) -> float:
    """The first epoch that a job has reported after its checkpoint's."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        rows = [report.event.row for report in agent.reports(0, 1)
                if report.ticket == ticket and isinstance(report.event, Epoch)]  # fmt: skip
        if len(rows) > 1:
            return rows[1]["epoch"]
    raise AssertionError


def test_a_far_node_sends_checkpoints_and_goes_on_from_one(function: Job) -> None:
    agent = agent_of(("elsewhere", "", ""))
    agent.submit(1, function, None)
    report = saved(agent, 1)
    assert report.files is not None
    assert list(report.files) == ["checkpoint.bin"]
    assert not list(Path(function.folder).glob("*"))
    agent.stop(1)
    assert "checkpoint.bin" not in (until_the_end(agent, 1)[-1].files or {})
    agent.submit(2, function, None, report.files["checkpoint.bin"])
    assert first_epoch(agent, 2) == 2
    agent.stop(2)
    packed = until_the_end(agent, 2)[-1].files
    assert packed is not None
    assert packed["log.txt"] == b"goes on after epoch 1, from its checkpoint\n"
    agent.close()


def test_a_trial_that_is_killed_on_a_far_node_leaves_its_last_checkpoint(function: Job) -> None:
    agent = agent_of(("elsewhere", "", ""))
    agent.submit(1, function, None)
    saved(agent, 1)
    server = next(p for p in psutil.Process().children() if "forkserver" in " ".join(p.cmdline()))
    for trial in server.children():
        os.kill(trial.pid, signal.SIGKILL)
    packed = until_the_end(agent, 1)[-1].files
    agent.close()
    assert packed is not None
    assert packed["checkpoint.bin"].startswith(b"mnist_sweep checkpoint 1 ")


def test_a_node_that_the_driver_shares_leaves_checkpoints_where_they_can_be_moved(function: Job) -> None:
    Path(function.folder).mkdir()
    agent = agent_of(place())
    agent.submit(3, function, None)
    report = saved(agent, 3)
    assert (report.files, report.folder) == (None, f"{function.folder}/.3")
    agent.stop(3)
    until_the_end(agent, 3)
    (Path(function.folder) / ".3/checkpoint.bin").replace(Path(function.folder) / "checkpoint.bin")
    agent.submit(4, function, None)
    assert first_epoch(agent, 4) > 1
    agent.close()


def test_close_ends_what_runs(function: Job) -> None:
    agent = agent_of(("elsewhere", "", ""))
    agent.submit(1, function, None)
    while not any(isinstance(report.event, Epoch) for report in agent.reports(0, 1)):
        pass
    server = next(p for p in psutil.Process().children() if "forkserver" in " ".join(p.cmdline()))
    trials = server.children()
    assert trials
    agent.close()
    _, alive = psutil.wait_procs(trials, 10)
    assert not alive


def test_the_folder_of_an_agent_that_was_killed_is_removed_by_the_next_one() -> None:
    left = Path(tempfile.mkdtemp(prefix=SCRATCH))
    (left / "12").mkdir()
    agent = agent_of(place())
    assert not left.exists()
    agent.close()


def test_an_executor_that_fails_is_an_end_of_the_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "2")
    agent = agent_of(place())
    with pytest.raises(RuntimeError, match="TF_ENABLE_ONEDNN_OPTS must be 0 or 1"):
        agent.reports(0, 5)
