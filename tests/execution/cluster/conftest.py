"""Real Ray clusters, which end with their test."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.ray_nodes import Nodes, start, variables


@pytest.fixture
def nodes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Nodes]]:
    """Starts a cluster with nodes of some names."""
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'mnist_sweep[ray]'")
    started = []

    def begin(*names: str, cpus: int = 1, guarded: bool = True) -> Nodes:
        folder = Path(f"/tmp/mnist-ray-{os.getpid()}-{len(started)}")
        for key, value in variables(folder).items():
            monkeypatch.setenv(key, value)
        monkeypatch.delenv("RAY_ADDRESS", raising=False)
        started.append(start(folder, names, cpus, guarded))
        return started[-1]

    yield begin
    for one in started:
        one.close()
