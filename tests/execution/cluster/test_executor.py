"""The executor on real clusters of this machine: what is done to nodes, and what must not be lost by it."""

import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from hydra import compose

from mnist_sweep.config import TrialConfig, Unavailable, UserError, parse_trial
from mnist_sweep.config.compose import plain
from mnist_sweep.config.runtime_settings import RayConfig
from mnist_sweep.execution import Job, LocalExecutor
from mnist_sweep.execution.cluster.executor import RayExecutor
from mnist_sweep.execution.cluster.ray_private import answers_anyone
from mnist_sweep.execution.progress import Silent
from mnist_sweep.execution.runner import run_jobs
from mnist_sweep.files import read_json

FUNCTION = """
import random
import time


def objective(config, trial):
    for epoch in range(1, config["epochs"] + 1):
        time.sleep(PAUSE)
        trial.report(epoch, score=random.random() + config["x"])
    (trial.folder / "result.txt").write_text(str(config["x"]))
    trial.add_file("result.txt")
"""


class Source:
    """Jobs, and what becomes of them; `at` is called with each event's name and number."""

    def __init__(self, jobs: list[Job], at: Callable[[str, int], None] = lambda *_: None) -> None:
        self.waiting, self.at = list(jobs), at
        self.done_numbers: list[int] = []
        self.failures: dict[int, str] = {}
        self.lost_numbers: list[int] = []
        self.left: list[int] = []

    def next_job(self) -> Job | None:
        return self.waiting.pop(0) if self.waiting else None

    def submitted(self, job: Job) -> None:
        self.at("submitted", job.number)

    def started(self, job: Job) -> None:
        self.at("started", job.number)

    def epoch(self, job: Job, row: Any) -> bool:
        self.at("epoch", job.number)
        return False

    def trained(self, job: Job) -> None:
        self.at("trained", job.number)

    def done(self, job: Job, result: dict[str, Any]) -> None:
        self.done_numbers.append(job.number)

    def failed(self, job: Job, reason: str) -> None:
        self.failures[job.number] = reason

    def lost(self, job: Job, reason: str) -> None:
        self.lost_numbers.append(job.number)

    def interrupted(self, job: Job) -> None:
        self.left.append(job.number)


class Heard(Silent):
    """Keeps warnings, and which node a job ran on."""

    def __init__(self) -> None:
        super().__init__()
        self.warnings: list[str] = []
        self.where: dict[int, str] = {}

    def warn(self, line: str) -> None:
        self.warnings.append(line)

    def placed(self, number: int, node: str) -> None:
        self.where[number] = node


@pytest.fixture
def make_jobs(hydra_conf: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Job]]:
    """Makes jobs of a function that sleeps in each epoch; their working folder has it.

    How long it sleeps is no part of its configuration, which makes its seed.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(count: int, epochs: int = 3, pause: float = 0.1, folder: str = "trials") -> list[Job]:
        (tmp_path / "my_function.py").write_text(f"PAUSE = {pause}\n{FUNCTION}")
        found = []
        for number in range(count):
            given = ["task=function", "task.function=my_function.objective", f"++params.x={number}",
                     f"++params.epochs={epochs}"]  # fmt: skip
            config: TrialConfig = parse_trial(plain(compose("config", given)), ["my_function"])
            settings = {"allowed": ["my_function"], "environment": {"command": "x", "data": {}}, "data": {}}
            path = tmp_path / folder / f"{number:04d}"
            path.mkdir(parents=True, exist_ok=True)
            found.append(Job(number, "train", config.plain(), str(path), settings))
        return found

    return make


def runtime(address: str, node_timeout: float = 60.0, workers_per_node: int | None = None) -> RayConfig:
    return RayConfig("ray", None, None, None, ["my_function"], address, workers_per_node, node_timeout)


def digests(jobs: list[Job]) -> list[str]:
    return [read_json(Path(job.folder) / "environment.json")["weights_digest"] for job in jobs]


def undisturbed(jobs: list[Job]) -> list[str]:
    """The digests of the same trials in processes of this machine, without a cluster."""
    source = Source(jobs)
    assert run_jobs(LocalExecutor(), source, 2, Silent()) == 0
    assert len(source.done_numbers) == len(jobs)
    return digests(jobs)


def once(what: str, number: int, act: Callable[[], None]) -> Callable[[str, int], None]:
    """Acts in a thread when something happens to a job for the first time."""
    acted: list[threading.Thread] = []

    def at(event: str, job: int) -> None:
        if (event, job) == (what, number) and not acted:
            acted.append(threading.Thread(target=act))
            acted[0].start()

    return at


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"runtime=ray needs Ray, which is not installed: pip install"):
        RayExecutor(runtime("auto"))


def test_a_ray_of_its_own_gives_the_same_trials_and_ends_with_them(make_jobs: Callable[..., list[Job]]) -> None:
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'mnist_sweep[ray]'")
    jobs, source, heard = make_jobs(4), Source(make_jobs(4)), Heard()
    executor = RayExecutor(runtime("local", workers_per_node=2))
    assert executor.where == "a Ray of its own"
    assert executor.slots == 2
    bridge = psutil.Process(executor._bridge.pid)
    family = [bridge, *bridge.children(recursive=True)]
    assert run_jobs(executor, source, 4, heard) == 0
    assert sorted(source.done_numbers) == [0, 1, 2, 3]
    assert sorted(heard.where) == [0, 1, 2, 3]
    assert (Path(jobs[3].folder) / "result.txt").read_text() == "3"
    assert not list(Path(jobs[3].folder).rglob(".*"))
    assert digests(jobs) == undisturbed(make_jobs(4, folder="local"))
    _, alive = psutil.wait_procs(family, 15)
    assert not alive


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["agent", "raylet", "node"])
def test_what_a_killed_node_has_run_is_run_again_with_the_same_bits(
    nodes: Callable[..., Any], make_jobs: Callable[..., list[Job]], victim: str
) -> None:
    cluster, heard = nodes("head", "one", "two"), Heard()
    jobs = make_jobs(8, pause=0.4)

    def kill() -> None:
        name = "one"
        if victim == "agent":
            cluster.agent(name).kill()
        elif victim == "raylet":
            cluster.raylets[name].kill()
        else:
            cluster.signal(name, signal.SIGKILL)

    source = Source(jobs, once("epoch", 2, kill))
    executor = RayExecutor(runtime(cluster.address))
    assert sorted(node.name for node in executor.nodes) == ["head", "one", "two"]
    assert run_jobs(executor, source, 9, heard) == 0
    assert not source.failures
    assert sorted(source.done_numbers) == list(range(8))
    # An agent outlives Ray's process on its node by some seconds, in which it may have done everything.
    assert victim == "raylet" or any("was lost" in line for line in heard.warnings)
    assert digests(jobs) == undisturbed(make_jobs(8, pause=0, folder="local"))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_frozen_node_is_given_up_and_what_it_says_when_it_is_back_is_dropped(
    nodes: Callable[..., Any], make_jobs: Callable[..., list[Job]], monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster, heard = nodes("head", "one"), Heard()
    jobs = make_jobs(2, epochs=80, pause=0.5)
    frozen_at: list[float] = []

    def freeze() -> None:
        cluster.signal("one", signal.SIGSTOP)
        frozen_at.append(time.monotonic())
        threading.Timer(40, lambda: cluster.signal("one", signal.SIGCONT)).start()

    number = 1
    source = Source(jobs, once("epoch", number, freeze))
    assert run_jobs(RayExecutor(runtime(cluster.address)), source, 9, heard) == 0
    assert sorted(source.done_numbers) == [0, 1]
    assert source.lost_numbers
    assert digests(jobs) == undisturbed(make_jobs(2, epochs=80, pause=0, folder="local"))
    for job in jobs:
        assert not [path for path in Path(job.folder).iterdir() if path.name.startswith(".")]


@pytest.mark.slow
def test_when_the_head_is_gone_the_sweep_ends_in_one_line(
    nodes: Callable[..., Any], make_jobs: Callable[..., list[Job]]
) -> None:
    cluster = nodes("head", "one")
    source = Source(make_jobs(8, epochs=200, pause=0.5), once("epoch", 0, cluster.end_head))
    with pytest.raises(Unavailable, match=r"the Ray cluster was lost: .*nothing answers there.*run the same command"):
        run_jobs(RayExecutor(runtime(cluster.address)), source, 9, Silent())
    assert not source.done_numbers
    assert sorted(source.left) == [0, 1]


@pytest.mark.slow
def test_a_node_that_joins_is_used(nodes: Callable[..., Any], make_jobs: Callable[..., list[Job]]) -> None:
    cluster, heard = nodes("head"), Heard()
    jobs = make_jobs(20, epochs=8, pause=0.5)
    source = Source(jobs, once("epoch", 0, lambda: cluster.add("late")))
    assert run_jobs(RayExecutor(runtime(cluster.address)), source, 9, heard) == 0
    assert "Node late has joined, with 1 slots" in heard.warnings
    assert set(heard.where.values()) == {"head", "late"}


@pytest.mark.slow
def test_a_drained_node_hands_back_its_trials_and_leaves(
    nodes: Callable[..., Any], make_jobs: Callable[..., list[Job]]
) -> None:
    cluster, heard = nodes("head", "one"), Heard()
    jobs = make_jobs(6, epochs=8, pause=0.5)
    source = Source(jobs, once("epoch", 1, lambda: cluster.drain("one")))
    executor = RayExecutor(runtime(cluster.address))
    assert run_jobs(executor, source, 9, heard) == 0
    assert "Node one is drained: it gets no further trials" in heard.warnings
    assert sorted(source.done_numbers) == list(range(6))
    assert not source.lost_numbers  # it has finished its trial
    assert list(heard.where.values()).count("one") == 1
    assert [(node.ended, node.lost) for node in executor.nodes if node.name == "one"] == [(1, 0)]
    assert digests(jobs) == undisturbed(make_jobs(6, epochs=8, pause=0, folder="local"))


@pytest.mark.slow
def test_without_nodes_for_too_long_it_stops(nodes: Callable[..., Any], make_jobs: Callable[..., list[Job]]) -> None:
    cluster = nodes("head", cpus=0)
    with pytest.raises(Unavailable, match="has no node with CPUs"):
        RayExecutor(runtime(cluster.address))
    cluster.add("one")
    source = Source(make_jobs(2, epochs=99, pause=0.5), once("epoch", 0, lambda: cluster.signal("one", signal.SIGKILL)))
    with pytest.raises(Unavailable, match=r"the last node of the Ray cluster was lost.*runtime.node_timeout=8"):
        run_jobs(RayExecutor(runtime(cluster.address, node_timeout=8)), source, 9, Silent())
    assert sorted(source.left) == [0]


@pytest.mark.slow
def test_another_token_and_two_drivers(
    nodes: Callable[..., Any], make_jobs: Callable[..., list[Job]], monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = nodes("head", cpus=2)
    first = RayExecutor(runtime(cluster.address, workers_per_node=1))
    second = RayExecutor(runtime(cluster.address, workers_per_node=1))  # shares the node
    with pytest.raises(Unavailable, match=r"no node of the Ray cluster has had its CPUs free .*head \(2 CPUs\)"):
        RayExecutor(runtime(cluster.address, node_timeout=5))
    for executor, folder in ((first, "first"), (second, "second")):
        source = Source(make_jobs(3, pause=0, folder=folder))
        assert run_jobs(executor, source, 9, Silent()) == 0
        assert sorted(source.done_numbers) == [0, 1, 2]
    monkeypatch.setenv("RAY_AUTH_TOKEN", "f" * 64)
    with pytest.raises(Unavailable, match="wants another token"):
        RayExecutor(runtime(cluster.address))
    assert not answers_anyone(cluster.address), "Ray answers without a token, or another call: ray_private.py"


@pytest.mark.slow
def test_a_cluster_that_others_can_reach_and_that_asks_for_no_token_is_refused(nodes: Callable[..., Any]) -> None:
    cluster = nodes("head", guarded=False)
    assert answers_anyone(cluster.address), "Ray does not answer what ray_private.py asks it"
    with pytest.raises(UserError, match="can be reached from other machines and asks for no token"):
        RayExecutor(runtime(cluster.address))


@pytest.mark.slow
def test_a_killed_driver_leaves_no_agent_and_no_trial(
    nodes: Callable[..., Any], make_jobs: Callable[..., list[Job]], tmp_path: Path
) -> None:
    cluster = nodes("head", "one")
    script = tmp_path / "driver.py"
    script.write_text(
        "import sys, pickle\n"
        "from mnist_sweep.execution.cluster.executor import RayExecutor\n"
        "executor = RayExecutor(pickle.load(sys.stdin.buffer))\n"
        "for job in pickle.load(sys.stdin.buffer):\n    executor.submit(job)\n"
        "while True:\n    for event in executor.events(1):\n        print(type(event).__name__, flush=True)\n"
    )
    import pickle

    driver = subprocess.Popen([sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert driver.stdin is not None
    assert driver.stdout is not None
    pickle.dump(runtime(cluster.address), driver.stdin)
    pickle.dump(make_jobs(2, epochs=500, pause=0.3), driver.stdin)
    driver.stdin.flush()
    seen = [driver.stdout.readline().strip() for _ in range(6)]
    assert b"Epoch" in seen
    ours = [
        process for name in ("head", "one") for process in (cluster.agent(name), *cluster.agent(name).children(True))
    ]
    assert len(ours) >= 6  # two agents, two fork servers, two trials
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    driver.stdin.close()
    driver.stdout.close()
    _, alive = psutil.wait_procs(ours, 30)
    assert not alive
    executor = RayExecutor(runtime(cluster.address))  # the cluster is as it was
    assert executor.slots == 2
    executor.close()
