"""From a configuration to a job."""

import os
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from hydra import compose

from mnist_sweep.config import TrialConfig, parse_trial
from mnist_sweep.config.compose import plain
from mnist_sweep.config.runtime_settings import RayConfig, RuntimeConfig
from mnist_sweep.execution.executor import ANY
from mnist_sweep.execution.jobs import Batch, TrialRequest, make_job, shortest, train_command, workers, workers_here
from mnist_sweep.storage.folders import TrialFolder
from mnist_sweep.tasks.data import Description
from mnist_sweep.tasks.image_classifier.data import describe


def runtime(count: int | None = None) -> RuntimeConfig:
    return RuntimeConfig("local", count, None, None, [])


@pytest.fixture
def config(hydra_conf: None) -> TrialConfig:
    return parse_trial(plain(compose("config", ["data=digits", "model=dnn", "model.units=[8]", "train.epochs=2"])))


@pytest.fixture
def description(config: TrialConfig) -> Description:
    return describe(config.data)


def test_a_worker_for_each_core_unless_their_number_is_given() -> None:
    assert workers(runtime()) == len(os.sched_getaffinity(0))
    assert workers(runtime(count=3)) == 3


def test_a_cluster_has_as_many_workers_as_its_nodes_have_slots_for() -> None:
    cluster = RayConfig("ray", None, None, None, [], None, 4, 300.0)
    assert (workers(cluster), workers_here(cluster)) == (ANY, 4)
    assert workers(replace(cluster, workers=3)) == 3
    assert workers_here(replace(cluster, workers_per_node=None)) == len(os.sched_getaffinity(0))
    assert workers_here(runtime(count=3)) == 3


def test_a_command_can_be_pasted() -> None:
    overrides, flags = ["model.units=[8, 4]", "a.b='it''s'"], ["--config-dir", "my folder"]
    assert shlex.split(train_command(overrides, flags)) == ["mnist-sweep", "train", *overrides, *flags]


def test_a_path_is_shown_in_the_shorter_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert shortest(tmp_path / "runs/one") == "runs/one"
    assert shortest(Path("/")) == "/"


def test_a_job_has_all_that_its_process_needs(config: TrialConfig, description: Description, tmp_path: Path) -> None:
    batch = Batch(config, description, ("mine",), ["--config-dir", "c"], "mnist-sweep sweep", {"name": "images"})
    overrides = ["data=digits", "train.epochs=2"]
    request = TrialRequest(7, config, overrides, TrialFolder(tmp_path / "0007"), keep_model=True, stop_after=1)
    job = make_job(replace(request, retries=2), batch)
    assert (job.number, job.kind, job.overrides, job.retries) == (7, "train", overrides, 2)
    assert parse_trial(job.config) == config
    assert Path(job.folder) == tmp_path / "0007"
    assert not (tmp_path / "0007").exists()
    assert (job.settings["allowed"], job.settings["keep_model"], job.settings["stop_after"]) == (["mine"], True, 1)
    assert job.settings["environment"]["command"] == "mnist-sweep train data=digits train.epochs=2 --config-dir c"
    assert job.settings["environment"]["data"] == description.plain() == job.settings["data"]


def test_images_are_shared_with_trials_of_the_same_data_alone(
    config: TrialConfig, description: Description, tmp_path: Path
) -> None:
    batch = Batch(config, description, [], [], "mnist-sweep sweep", {"name": "images"})
    other = replace(config, data=replace(config.data, split=replace(config.data.split, split_seed=1)))
    shared = [make_job(TrialRequest(0, one, [], TrialFolder(tmp_path)), batch).settings["shared"]
              for one in (config, other)]  # fmt: skip
    assert shared == [{"name": "images"}, None]
