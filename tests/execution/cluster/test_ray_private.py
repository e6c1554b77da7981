"""Contract: where Ray keeps the address of the cluster that was started last."""

from pathlib import Path

import pytest

from mnist_sweep.execution.cluster.ray_private import address_file, current_cluster


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))


def test_ray_writes_the_address_where_we_read_it() -> None:
    pytest.importorskip("ray", reason="Ray is not installed")
    from ray._private.utils import write_ray_address

    assert current_cluster() is None
    address_file().parent.mkdir()
    write_ray_address("192.0.2.1:6379")
    assert current_cluster() == "192.0.2.1:6379", "Ray keeps the address of its last cluster elsewhere: ray_private.py"


def test_rays_own_variable_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "192.0.2.2:6379")
    assert current_cluster() == "192.0.2.2:6379"
