"""The champion is the network that was registered last, and each run's network is registered once."""

from pathlib import Path
from typing import Any

import pytest

from mnist_sweep.config.settings import TrackingConfig
from mnist_sweep.tracking.registry import ALIAS, ARTIFACT, Champion, promote, register
from mnist_sweep.tracking.store import open_store

STORE = TrackingConfig(True, None, "mine")


@pytest.fixture
def client(tmp_path: Path) -> Any:
    return open_store(STORE, tmp_path)[0]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """An MLflow model of a kind that has no code."""
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "MLmodel").write_text("flavors: {}\n")
    return folder


def champion(client: Any, accuracy: str) -> Champion:
    (experiment,) = [one for one in client.search_experiments() if one.name == "mine"]
    run = client.create_run(experiment.experiment_id)
    return Champion("cnn-mnist", run.info.run_id, f"test accuracy {accuracy}", {"test_accuracy": accuracy})


def test_the_last_one_is_the_champion(tmp_path: Path, client: Any, package: Path) -> None:
    first, second = champion(client, "0.98"), champion(client, "0.99")
    assert promote(STORE, tmp_path, first) is None
    assert register(STORE, tmp_path, first, package) == "1"
    assert register(STORE, tmp_path, second, package) == "2"
    found = client.get_model_version_by_alias("cnn-mnist", ALIAS)
    assert (str(found.version), found.run_id) == ("2", second.run_id)
    assert (found.description, found.tags) == ("test accuracy 0.99", {"test_accuracy": "0.99"})
    assert [file.path for file in client.list_artifacts(second.run_id, ARTIFACT)] == [f"{ARTIFACT}/MLmodel"]


def test_a_network_that_is_registered_becomes_the_champion_again(tmp_path: Path, client: Any, package: Path) -> None:
    first, second = champion(client, "0.98"), champion(client, "0.99")
    for one in (first, second):
        register(STORE, tmp_path, one, package)
    assert promote(STORE, tmp_path, first) == "1"
    assert client.get_model_version_by_alias("cnn-mnist", ALIAS).run_id == first.run_id
    assert len(client.search_model_versions("name = 'cnn-mnist'")) == 2
