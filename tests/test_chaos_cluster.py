"""Real sweeps on a cluster of three nodes whose parts are killed at random; `make chaos-cluster` runs the long form."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import optuna
import psutil
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from mnist_sweep.storage.folders import StudyFolder
from tests.ray_nodes import Nodes, start, variables

# How long a trial takes is no part of its configuration, which makes its seed.
FUNCTION = """
import random
import time


def objective(config, trial):
    for epoch in range(1, 4):
        time.sleep(PAUSE)
        trial.report(epoch, score=random.random() + config["x"])
"""
SWEEP = ["task=function", "task.function=objectives.objective", "runtime.allowed_targets=[objectives]",
         "params.x=interval(0,1)", "search.metric=score", "sampler=random", "pruner=none", "study.name=it",
         "search.max_failures=1000", "tracking.enabled=false"]  # fmt: skip
VICTIMS = ["agent", "agent", "trial", "trial", "raylet", "node", "driver"]


def sweep(folder: Path, trials: int, *more: str) -> subprocess.Popen:
    with (folder / "out.txt").open("a") as out:
        command = [sys.executable, "-m", "mnist_sweep", "sweep", *SWEEP, f"search.n_trials={trials}", *more]
        return subprocess.Popen(command, cwd=folder, stdout=out, stderr=subprocess.STDOUT)


def wound(cluster: Nodes, driver: subprocess.Popen, victim: str, name: str) -> bool:
    """Kills; whether there was something to kill. A node that was killed is started again, as another one."""
    try:
        if victim == "driver":
            driver.kill()
        elif victim == "raylet":
            cluster.raylets[name].kill()
        elif victim == "node":
            cluster.signal(name, signal.SIGKILL)
        elif victim == "agent":
            cluster.agent(name).kill()
        else:
            server = next(p for p in cluster.agent(name).children() if "forkserver" in " ".join(p.cmdline()))
            server.children()[0].kill()
    except (StopIteration, IndexError, psutil.Error):
        return False
    if victim in ("raylet", "node"):
        del cluster.raylets[name]
        cluster.add(f"{name.partition('-')[0]}-{int(time.time())}")
    return True


def chaos(folder: Path, cluster: Nodes, seed: int, trials: int, kills: int) -> Counter[str]:
    """Kills at random until it has done so often enough, then lets the sweep end; gives what was killed how often."""
    chance = random.Random(seed)
    killed: Counter[str] = Counter()
    where = ("runtime=ray", f"runtime.address={cluster.address}")
    driver = sweep(folder, trials, *where)
    deadline = time.monotonic() + 60 * kills
    while killed.total() < kills:
        assert time.monotonic() < deadline
        time.sleep(chance.uniform(1, 8))
        if driver.poll() == 0:
            return killed
        if driver.poll() is not None:  # it has lost the cluster, and is gone on with
            driver = sweep(folder, trials, *where)
        victim = chance.choice(VICTIMS)
        name = chance.choice([name for name in cluster.raylets if name != "head"])
        killed[victim] += wound(cluster, driver, victim, name)
        if victim == "driver":
            driver.wait()
            driver = sweep(folder, trials, *where)
    for _ in range(5):
        if driver.wait(400) == 0:
            break
        driver = sweep(folder, trials, *where)
    assert driver.returncode == 0, (folder / "out.txt").read_text()[-3000:]
    return killed


def results(folder: Path) -> dict[int, tuple[str, float, str]]:
    """State, value and digest of each trial, as Optuna and the folders have them."""
    study = StudyFolder(folder / "runs/it")
    found = optuna.load_study(study_name="it", storage=JournalStorage(JournalFileBackend(str(study.journal))))
    assert [trial.number for trial in found.trials] == list(range(len(found.trials)))
    taken = {}
    for trial in found.trials:
        here = study.trial(trial.number)
        state = json.loads(here.state.read_text())
        assert state["state"] == trial.state.name
        assert state["retries"] <= 2
        if trial.state.name == "FAIL":  # lost more often than it is tried again
            assert "lost" in state["reason"] or "was ended" in state["reason"], state
            continue
        assert [row["epoch"] for row in here.rows()] == [1, 2, 3]
        assert not list(here.path.rglob(".*"))
        digest = json.loads(here.environment.read_text())["weights_digest"]
        taken[trial.number] = (json.dumps(state["overrides"]), trial.value, digest)
    return taken


def run_and_compare(folder: Path, seed: int, trials: int, kills: int) -> Counter[str]:
    """A sweep that is killed at, and an undisturbed one of this machine: every trial has the same bits."""
    for name, pause in (("disturbed", 0.8), ("undisturbed", 0.0)):
        (folder / name).mkdir()
        (folder / name / "objectives.py").write_text(f"PAUSE = {pause}\n{FUNCTION}")
    cluster_folder = Path(f"/tmp/mnist-chaos-{os.getpid()}")
    cluster = start(cluster_folder, ["head", "one", "two"])
    try:
        with pytest.MonkeyPatch.context() as patch:
            for key, value in variables(cluster_folder).items():
                patch.setenv(key, value)
            killed = chaos(folder / "disturbed", cluster, seed, trials, kills)
    finally:
        cluster.close()
    assert sweep(folder / "undisturbed", trials, "runtime.workers=2").wait(600) == 0
    expected = {overrides: (value, digest) for overrides, value, digest in results(folder / "undisturbed").values()}
    found = results(folder / "disturbed")
    assert len(expected) == trials
    assert len(found) >= trials - 3
    for overrides, value, digest in found.values():
        assert expected[overrides] == (value, digest)
    return killed


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_sweep_on_a_cluster_survives_what_is_done_to_it(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'mnist_sweep[ray]'")
    assert run_and_compare(tmp_path, 0, 40, 6).total() >= 3


if __name__ == "__main__":
    import tempfile

    total: Counter[str] = Counter()
    for number in range(5):
        with tempfile.TemporaryDirectory() as folder:
            total += run_and_compare(Path(folder), number, 60, 12)
        print(f"seed {number}: {dict(total)}", flush=True)  # noqa: T201 - what the long form is run for
