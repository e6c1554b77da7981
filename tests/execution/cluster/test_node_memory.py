"""Data of trials on a node that can't see the driver's memory."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hydra import compose

from mnist_sweep.config import parse_trial
from mnist_sweep.config.compose import plain
from mnist_sweep.execution import Job
from mnist_sweep.execution.cluster.node_memory import NodeMemory
from mnist_sweep.tasks.data import prepare, shared
from mnist_sweep.tasks.image_classifier.data import attach

SHARED = {"file": "/proc/1/fd/77", "arrays": {}}


class Sent:
    """What the driver's memory holds."""

    def __init__(self) -> None:
        self.fetched = 0

    def get(self) -> bytes:
        self.fetched += 1
        return b"images"


@pytest.fixture
def job(hydra_conf: None) -> Job:
    config = parse_trial(plain(compose("config", ["data=digits", "model=dnn"])))
    settings: dict[str, Any] = {"allowed": [], "data": prepare(config, print).plain(), "shared": SHARED}
    return Job(0, "train", config.plain(), "folder", settings)


def test_a_node_that_has_the_data_reads_its_own(job: Job) -> None:
    memory, sent = NodeMemory(), Sent()
    found = [memory.of(job, sent) for _ in range(2)]
    assert sent.fetched == 0
    assert found[0] is not None
    assert found[0] is found[1]
    there = attach(found[0])
    config = parse_trial(job.config)
    with shared(config, prepare(config, print)) as expected:
        here = attach(expected)
    assert here is not None
    assert there is not None
    assert np.array_equal(here.train_images, there.train_images)
    assert np.array_equal(here.validation_labels, there.validation_labels)


def test_other_data_are_fetched_once_and_lie_in_the_nodes_own_memory(job: Job) -> None:
    memory, sent = NodeMemory(), Sent()
    digests = dict.fromkeys(job.settings["data"]["digests"], "0" * 64)
    other = replace(job, settings={**job.settings, "data": {**job.settings["data"], "digests": digests}})
    found = [memory.of(other, sent) for _ in range(2)]
    assert sent.fetched == 1
    assert found[0] == found[1]
    assert found[0] is not None
    assert Path(found[0]["file"]).read_bytes() == b"images"


def test_there_may_be_nothing_to_share(job: Job) -> None:
    memory = NodeMemory()
    assert memory.of(replace(job, settings={**job.settings, "shared": None}), None) is None
    function = {**job.config, "data": {**job.config["data"], "_target_": "mnist_sweep.data.nowhere"}}
    assert memory.of(replace(job, config=function), None) is None
