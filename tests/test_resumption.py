"""Trials that are lost at every epoch, at its beginning or within it, go on to the bits of an undisturbed study."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import optuna
import psutil
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from mnist_sweep.config.image_classifier import CURVES
from mnist_sweep.storage.folders import StudyFolder

from . import ray_nodes

# The classifier of images, which saves every epoch whatever that costs.
SAVING = """
from mnist_sweep.tasks import ImageClassifier


class Saving(ImageClassifier):
    def run(self, config, trial):
        from mnist_sweep.tasks.image_classifier import checkpoints

        checkpoints.SHARE = 1e9
        return super().run(config, trial)
"""
EPOCHS = 4
TRIALS = 5  # the first is lost before its first epoch has ended, the last one after its last but one
OVERRIDES = ["data=digits", "model=dnn", "model.units=[64,64]", f"train.epochs={EPOCHS}", "train.batch_size=8",
             "train.weight_average=0.9", "train.early_stopping_patience=9", "train.precision=float32",
             "model.dropout=interval(0.1,0.5)", f"search.n_trials={TRIALS}", "pruner=none",
             "task._target_=saving_task.Saving", "runtime.allowed_targets=[saving_task]"]  # fmt: skip
LOCALLY, ON_A_CLUSTER = ["runtime.workers=1"], ["runtime=ray", "runtime.workers=1"]


@dataclass
class Sweep:
    """A sweep in a folder, started again when it has ended too early."""

    folder: Path
    where: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    driver: subprocess.Popen | None = None

    def start(self) -> None:
        (self.folder / "saving_task.py").write_text(SAVING)
        command = [sys.executable, "-m", "mnist_sweep", "sweep", *OVERRIDES, *self.where]
        with (self.folder / "out.txt").open("a") as out:
            before = signal.signal(signal.SIGINT, signal.default_int_handler)
            try:
                self.driver = subprocess.Popen(
                    command, cwd=self.folder, stdout=out, stderr=out, env={**os.environ, **self.environment}
                )
            finally:
                signal.signal(signal.SIGINT, before)

    @property
    def study(self) -> StudyFolder:
        return StudyFolder(self.folder / "runs/dnn-digits")

    def said(self) -> str:
        return (self.folder / "out.txt").read_text()

    def wait_for(self, trial: int, epochs: int) -> None:
        """Waits until a trial has reported so many epochs, and has been told to have saved the last one."""
        folder = self.study.trial(trial)
        end = time.monotonic() + 120
        while len(folder.rows()) < epochs or not folder.history.exists() or (epochs and not folder.checkpoint.exists()):
            assert time.monotonic() < end, self.said()
            assert self.driver is not None
            assert self.driver.poll() is None, self.said()
            time.sleep(0.002)

    def end(self) -> None:
        assert self.driver is not None
        assert self.driver.wait(300) == 0, self.said()


def processes(driver: subprocess.Popen) -> dict[str, psutil.Process]:
    children = psutil.Process(driver.pid).children(recursive=True)
    server = next(one for one in children if "forkserver" in " ".join(one.cmdline()))
    return {"fork server": server, "trial": server.children()[0]}


def of_this_machine(sweep: Sweep, victim: str) -> None:
    """Kills the trial that runs, its fork server or the driver; or stops the driver by Ctrl-C."""
    assert sweep.driver is not None
    if victim in ("trial", "fork server"):
        processes(sweep.driver)[victim].kill()
        return
    family = psutil.Process(sweep.driver.pid).children(recursive=True)
    sweep.driver.send_signal(signal.SIGINT if victim == "Ctrl-C" else signal.SIGKILL)
    assert sweep.driver.wait(60) != 0
    psutil.wait_procs(family, 30)
    sweep.start()


def disturb(sweep: Sweep, lose: Callable[[], None], most: int = EPOCHS - 1) -> None:
    """Runs a sweep whose trial N is lost once it has reported N epochs; each second one some way into the next."""
    chance = random.Random(0)
    sweep.start()
    for number in range(TRIALS):
        sweep.wait_for(number, min(number, most))
        time.sleep(chance.uniform(0.05, 0.3) if number % 2 else 0)
        lose()
    sweep.end()


def check(sweep: Sweep, undisturbed: Sweep, resumed: bool = True) -> None:
    """That the trials of a sweep are those of another one, with everything once, and went on where they were."""
    journal = JournalStorage(JournalFileBackend(str(sweep.study.journal)))
    asked = optuna.load_study(study_name=sweep.study.name, storage=journal).trials
    assert [trial.state.name for trial in asked] == ["COMPLETE"] * TRIALS
    for trial, here, there in zip(asked, sweep.study.trials(), undisturbed.study.trials(), strict=True):
        assert digest(here.environment) == digest(there.environment)
        assert [[row[name] for name in ("epoch", *CURVES)] for row in here.rows()] == [
            [row[name] for name in ("epoch", *CURVES)] for row in there.rows()
        ]
        assert trial.intermediate_values == {int(row["epoch"]): row["val_accuracy"] for row in here.rows()}
        assert not list(here.path.rglob("checkpoint.bin"))
        if trial.number:  # on a cluster the driver has the first one's history with its first epoch
            assert ("goes on after epoch" in here.log.read_text()) == resumed
            assert ("resumed_after" in json.loads(here.environment.read_text())) == resumed
    check_mlflow(sweep)


def check_mlflow(sweep: Sweep) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{sweep.folder / 'runs/mlflow.db'}")
    runs = client.search_runs([client.get_experiment_by_name("mnist_sweep").experiment_id], "tags.kind = 'trial'")
    assert sorted(int(run.data.tags["trial"]) for run in runs) == list(range(TRIALS))
    for run in runs:
        found = client.get_metric_history(run.info.run_id, "val_accuracy")
        rows = sweep.study.trial(int(run.data.tags["trial"])).rows()
        assert sorted((one.step, one.value) for one in found) == [(row["epoch"], row["val_accuracy"]) for row in rows]


def digest(environment: Path) -> str:
    return json.loads(environment.read_text())["weights_digest"]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    sweep = Sweep(tmp_path_factory.mktemp("undisturbed"), LOCALLY)
    sweep.start()
    sweep.end()
    return sweep


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("victim", ["trial", "fork server", "driver", "Ctrl-C"])
def test_a_trial_that_is_lost_at_any_epoch_has_the_same_bits(tmp_path: Path, undisturbed: Sweep, victim: str) -> None:
    sweep = Sweep(tmp_path, LOCALLY)
    most = EPOCHS - (2 if victim == "Ctrl-C" else 1)  # it may come too late to stop a trial in its last epoch
    disturb(sweep, lambda: of_this_machine(sweep, victim), most)
    check(sweep, undisturbed, resumed=victim != "fork server")  # without it a trial trains on


@pytest.fixture
def nodes() -> Iterator[ray_nodes.Nodes]:
    folder = Path(f"/tmp/rs{os.getpid()}")
    found = ray_nodes.start(folder, ["head", "b", "c"])
    yield found
    found.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("victim", ["agent", "driver"])
def test_on_a_cluster_it_goes_on_wherever_it_is_run_again(
    tmp_path: Path, undisturbed: Sweep, nodes: ray_nodes.Nodes, victim: str
) -> None:
    sweep = Sweep(tmp_path, ON_A_CLUSTER, ray_nodes.variables(nodes.folder))

    def lose() -> None:
        if victim == "driver":
            of_this_machine(sweep, victim)
            return
        for process in nodes.processes():
            if process.ppid() and any("forkserver" in " ".join(one.cmdline()) and one.children()
                                      for one in _children(process)):  # fmt: skip
                process.kill()  # the agent whose fork server has a trial

    disturb(sweep, lose)
    check(sweep, undisturbed)


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children()
    except psutil.Error:
        return []
