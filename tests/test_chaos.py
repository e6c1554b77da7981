"""A real sweep whose processes are killed at random moments, again and again; `make chaos` runs the long form."""

import contextlib
import json
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import optuna
import psutil
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from mnist_sweep.config import UserError, parse_trial
from mnist_sweep.execution import Done, Failed, Job, LocalExecutor
from mnist_sweep.files import read_yaml
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.lock import is_held
from mnist_sweep.storage.requests import Answer, Request, logged, send
from mnist_sweep.storage.state import check_state
from mnist_sweep.tasks import ImageClassifier
from mnist_sweep.tasks.data import prepare

EXAMPLES = Path(__file__).parents[1] / "examples"
SLOW = """
import time
from sklearn_partial_fit import objective as quick


class Slow:
    def __init__(self, trial):
        self.trial, self.seed, self.add_file = trial, trial.seed, trial.add_file

    def report(self, epoch, **metrics):
        time.sleep(0.3)
        self.trial.report(epoch, **metrics)


def objective(config, trial):
    return quick(config, Slow(trial))
"""


@dataclass(frozen=True)
class Kind:
    """What is searched: its overrides, its study, what it is judged by and after which epochs."""

    overrides: list[str]
    study: str
    metric: str
    judged: Callable[[list[dict[str, float]]], float]
    allowed: tuple[str, ...] = ()


KINDS = {
    "images": Kind(
        ["data=digits", "model=dnn", "model.units=[64]", "train.epochs=6", "train.batch_size=8", "runtime.workers=2",
         "model.dropout=interval(0.0,0.5)", "optimizer.learning_rate=tag(log,interval(1e-4,1e-2))"],
        "dnn-digits", "best_val_accuracy", lambda rows: max(row["val_accuracy"] for row in rows),
    ),
    "scikit-learn": Kind(
        ["task=function", "task.function=slow_sgd.objective", "runtime.allowed_targets=[slow_sgd]", "runtime.workers=2",
         "params.alpha=tag(log,interval(1e-6,1e-2))", "params.penalty=choice(l2,l1)", "search.metric=f1"],
        "objective", "f1", lambda rows: rows[-1]["f1"], ("slow_sgd",),
    ),
}  # fmt: skip
VICTIMS = {"driver": signal.SIGKILL, "driver, asked": signal.SIGTERM, "driver, Ctrl-C": signal.SIGINT,
           "fork server": signal.SIGKILL, "trial": signal.SIGKILL}  # fmt: skip
STATUS = {"COMPLETE": "FINISHED", "PRUNED": "KILLED", "FAIL": "FAILED"}
END_SECONDS = 60  # for the processes of a driver that was killed, on a machine that is busy with other things too


def start(folder: Path, trials: int, kind: Kind) -> subprocess.Popen:
    command = [sys.executable, "-m", "mnist_sweep", "sweep", *kind.overrides, f"search.n_trials={trials}"]
    if kind.allowed:
        shutil.copy(EXAMPLES / "sklearn_partial_fit.py", folder)
        (folder / "slow_sgd.py").write_text(SLOW)
    with (folder / "out.txt").open("a") as out:
        # A shell ignores Ctrl-C for what it runs in the background, such as these tests, and so would the driver.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return subprocess.Popen(command, cwd=folder, stdout=out, stderr=subprocess.STDOUT)
        finally:
            signal.signal(signal.SIGINT, before)


def processes(driver: subprocess.Popen) -> dict[str, list[psutil.Process]]:
    """The driver's fork server and the trials that it has forked."""
    try:
        servers = [
            child for child in psutil.Process(driver.pid).children() if "forkserver" in " ".join(child.cmdline())
        ]
        trials = [child for server in servers for child in server.children()]
    except psutil.Error:
        return {"fork server": [], "trial": []}
    return {"fork server": servers, "trial": trials}


def wound(driver: subprocess.Popen, victim: str) -> bool:
    """Kills; whether there was something to kill."""
    if victim.startswith("driver"):
        driver.send_signal(VICTIMS[victim])
        return True
    there = processes(driver)[victim]
    for process in there[:1]:
        try:
            process.send_signal(VICTIMS[victim])
        except psutil.Error:
            return False
    return bool(there)


def finish(driver: subprocess.Popen, family: list[psutil.Process]) -> None:
    """Waits for the end of a driver and of its processes."""
    driver.wait(180)
    _, alive = psutil.wait_procs(family, END_SECONDS)
    assert not alive, f"{alive} outlived their driver"


def chaos(folder: Path, seed: int, trials: int, kills: int, kind: Kind) -> Counter:
    """Kills at random until it has done so often enough, then lets the sweep end; gives what was killed how often."""
    chance = random.Random(seed)
    killed: Counter = Counter()
    driver = start(folder, trials, kind)
    deadline = time.monotonic() + 60 * kills
    while killed.total() < kills:
        assert time.monotonic() < deadline
        time.sleep(chance.choice([chance.uniform(0, 1), chance.uniform(1, 5), chance.uniform(4, 9)]))
        family = [process for some in processes(driver).values() for process in some]
        victim = chance.choice([*VICTIMS, "fork server", "trial", "trial", "trial"])
        if driver.poll() is None:
            killed[victim] += wound(driver, victim)
        if victim.startswith("driver") or driver.poll() is not None:
            finish(driver, family)
            driver = start(folder, trials, kind)
    assert driver.wait(600) == 0, (folder / "out.txt").read_text()[-3000:]
    return killed


def check(folder: Path, trials: int, kind: Kind) -> list[int]:
    """That nothing was lost and nothing done twice; gives the numbers of the trials that were tried again."""
    study = StudyFolder(folder / "runs" / kind.study)
    found = optuna.load_study(study_name=study.name, storage=JournalStorage(JournalFileBackend(str(study.journal))))
    assert [trial.number for trial in found.trials] == list(range(trials))
    assert all(trial.state.is_finished() for trial in found.trials)
    states = Counter(trial.state.name for trial in found.trials)
    summary = json.loads(study.summary.read_text())
    assert {name: number for name, number in summary["states"].items() if number} == dict(states)
    assert summary["best"]["trial"] == found.best_trial.number
    again = []
    for trial in found.trials:
        here = study.trial(trial.number)
        state = json.loads(here.state.read_text())
        assert state["state"] == trial.state.name
        assert state["retries"] <= 2
        again += [trial.number] if state["retries"] else []
        if trial.state.name == "FAIL":
            assert "lost" in state["reason"] or "was ended" in state["reason"] or "fork server" in state["reason"]
            continue
        if not here.rows():
            assert state["reason"].startswith("stopped by ")  # by hand, before its first epoch
            continue
        assert [row["epoch"] for row in here.rows()] == list(range(1, len(here.rows()) + 1))
        assert kind.judged(here.rows()) == trial.intermediate_values[len(here.rows())]
        assert not [path for path in here.path.rglob(".*") if path.is_file()]
    check_mlflow(folder, found.trials, kind)
    return again


def check_mlflow(folder: Path, trials: list, kind: Kind) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{folder / 'runs/mlflow.db'}")
    runs = client.search_runs([client.get_experiment_by_name("mnist_sweep").experiment_id], max_results=1000)
    (parent,) = [run for run in runs if run.data.tags["kind"] == "study"]
    assert parent.info.status == "FINISHED"
    children = {int(run.data.tags["trial"]): run for run in runs if run.data.tags["kind"] == "trial"}
    assert len(runs) - 1 == len(children) == len(trials)
    for trial in trials:
        assert children[trial.number].info.status == STATUS[trial.state.name]
        assert children[trial.number].data.tags["mlflow.parentRunId"] == parent.info.run_id
        if trial.value is not None:
            assert children[trial.number].data.metrics[kind.metric] == trial.value
    counts = client.get_metric_history(parent.info.run_id, "trials_complete")
    assert max(metric.step for metric in counts) == len(trials)
    assert len({metric.step for metric in counts}) == len(counts)


def check_digests(folder: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every trial's weights are those of the same configuration trained without any disturbance."""
    study = StudyFolder(folder / "runs" / kind.study)
    monkeypatch.chdir(folder)
    executor = LocalExecutor(preload=ImageClassifier.traits.preload)
    expected = {}
    waiting = [trial for trial in study.trials() if trial.environment.exists()]
    try:
        while waiting or executor.jobs:
            while waiting and len(executor.jobs) < 2:
                trial = waiting.pop()
                number = int(trial.path.name)
                config = parse_trial(read_yaml(trial.config), kind.allowed)
                environment = json.loads(trial.environment.read_text())
                expected[number] = environment["weights_digest"]
                settings = {"allowed": list(kind.allowed), "data": prepare(config, print).plain(), "environment": {},
                            "keep_model": False, "stop_after": environment["epochs"],
                            "was_stopped": environment["stopped"]}  # fmt: skip
                executor.submit(Job(number, "train", config.plain(), str(folder / "again" / str(number)), settings))
            for event in executor.events(1):
                assert not isinstance(event, Failed), event.reason
                if isinstance(event, Done):
                    assert event.result["weights_digest"] == expected[event.number]
    finally:
        executor.close()
    assert expected


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_sweep_survives_what_is_done_to_it(tmp_path: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    chaos(tmp_path, 0, 6, 4, kind)
    check(tmp_path, 6, kind)
    check_digests(tmp_path, kind, monkeypatch)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("seed", "kind"), [*((seed, "images") for seed in range(1, 6)), (6, "scikit-learn")])
def test_chaos(tmp_path: Path, seed: int, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """40 trials, 20 kills."""
    killed = chaos(tmp_path, seed, 40, 20, KINDS[kind])
    again = check(tmp_path, 40, KINDS[kind])
    assert again
    check_digests(tmp_path, KINDS[kind], monkeypatch)
    sys.stdout.write(f"seed {seed}, {kind}: {dict(killed)}; tried again: {again}\n")


REQUESTS, STEERED, WOUNDS = 50, 30, 5
ME = "chaos@here"


def ask(study: StudyFolder, chance: random.Random, number: int, added: int) -> tuple[Request, Answer | None]:
    """Asks the driver for something at random; the answer is None where it has ended before it could give one."""
    kinds = ["stop", "stop", "pause", "resume", "resume", "set", "set", *(["add"] if added < 5 else [])]
    kind = chance.choice(kinds) if number % 17 else "stop the search"
    overrides = {
        "add": [f"model.dropout={0.5 + number / 1000}"],
        "set": [
            chance.choice([f"search.n_trials={STEERED}", "runtime.workers=1", "runtime.workers=2", "search.timeout=x"])
        ],
    }.get(kind, [])
    running = [int(trial.path.name) for trial in study.trials() if not trial.state.is_file()]
    trial = chance.choice([*running, *running, chance.randrange(STEERED)]) if kind == "stop" else None
    request = Request(kind.split()[0], ME, float(number), trial, tuple(overrides))
    try:
        return request, send(study, request)
    except UserError:
        return request, None


def steer(folder: Path, study: StudyFolder, chance: random.Random, kind: Kind) -> list[tuple[Request, Answer | None]]:
    """Asks and kills at random until it has done so often enough, then lets the sweep end."""
    driver, asked, wounds = start(folder, STEERED, kind), [], 0
    deadline = time.monotonic() + 900
    while len(asked) < REQUESTS:
        assert time.monotonic() < deadline
        time.sleep(chance.uniform(0, 1))
        family = [process for some in processes(driver).values() for process in some]
        if driver.poll() is None and is_held(study):
            if len(asked) >= (wounds + 1) * REQUESTS // (WOUNDS + 1):
                victim = chance.choice(["driver", "driver, Ctrl-C", "fork server", "trial"])
                wounds += wound(driver, victim)
                if victim.startswith("driver"):
                    driver.wait(180)
            else:
                asked.append(ask(study, chance, len(asked) + 1, sum(one.kind == "add" for one, _ in asked)))
        if driver.poll() is not None:
            finish(driver, family)
            driver = start(folder, STEERED, kind)
    for _ in range(5):  # a request to stop may have come last
        while driver.poll() is None:
            if is_held(study):
                with contextlib.suppress(UserError):  # it may be paused
                    send(study, Request("resume", ME, 0.0))
            time.sleep(2)
        if driver.returncode == 0:
            return asked
        driver = start(folder, STEERED, kind)
    raise AssertionError((folder / "out.txt").read_text()[-3000:])


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_search_is_steered_while_its_processes_are_killed(tmp_path: Path) -> None:
    """50 random requests and 5 kills: the right count, and a log that has every answer that was given, once."""
    kind = KINDS["images"]
    study = StudyFolder(tmp_path / "runs" / kind.study)
    asked = steer(tmp_path, study, random.Random(0), kind)
    check(tmp_path, STEERED, kind)
    log = [(request, answer) for request, answer in logged(study) if request.at]
    for request, answer in asked:
        entries = [given for one, given in log if one == request]
        assert len(entries) <= 1
        assert answer is None or entries == [answer]
    assert {request for request, _ in log} <= {request for request, _ in asked}
    done = [request for request, answer in log if answer.is_done]
    states = [check_state(trial.state) for trial in study.trials()]
    assert sum(state.origin == f"add by {ME}" for state in states) == sum(request.kind == "add" for request in done)
    stopped = {state.trial for state in states if state.reason == f"stopped by {ME}"}
    assert stopped <= {request.trial for request in done if request.kind == "stop"}
    assert stopped
    assert len({str(sorted((state.overrides or {}).items())) for state in states}) == STEERED  # nothing twice
