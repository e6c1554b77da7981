"""Where trials run."""

import pytest

from mnist_sweep.config.errors import UserError
from mnist_sweep.config.runtime_settings import RayConfig, RuntimeConfig, parse_runtime

LOCAL = {"executor": "local", "workers": None, "memory_limit": None, "trial_timeout": None, "allowed_targets": []}
RAY = {**LOCAL, "executor": "ray", "address": None, "workers_per_node": None, "node_timeout": 300.0}


@pytest.mark.parametrize("address", [None, "auto", "local", "10.0.0.5:6379", "head.cluster:6379", "[::1]:6379"])
def test_a_cluster_is_a_runtime(address: str | None) -> None:
    found = parse_runtime({**RAY, "address": address})
    assert isinstance(found, RayConfig)
    assert (found.address, found.node_timeout) == (address, 300.0)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"address": "head"}, "runtime.address must be auto, local, HOST:PORT or null, got head"),
        ({"address": 6379}, "runtime.address must be auto, local, HOST:PORT or null, got 6379"),
        ({"address": "ray://head:10001"}, "runtime.address must be auto"),
        ({"workers_per_node": 0}, "runtime.workers_per_node must be at least 1, got 0"),
        ({"node_timeout": -1.0}, "runtime.node_timeout must be greater than 0"),
        ({"executor": "local"}, "runtime.address is not a known key"),
        ({"executor": "slurm"}, "runtime.executor must be one of local, ray"),
    ],
)
def test_a_wrong_cluster_is_refused(changed: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse_runtime({**RAY, **changed})


def test_this_machine_is_one_too() -> None:
    found = parse_runtime({**LOCAL, "memory_limit": "2GB", "trial_timeout": "1h30m"})
    assert type(found) is RuntimeConfig
    assert (found.memory_limit, found.trial_timeout) == (2_000_000_000, 5400.0)
