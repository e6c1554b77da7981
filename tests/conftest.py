"""Fixtures that several folders share."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

from mnist_sweep.cli.main import conf_folder, run


@pytest.fixture
def hydra_conf() -> Iterator[None]:
    """Within it, `hydra.compose` finds the project's own configuration."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        yield


SMALL = ["data=digits", "model=dnn", "model.units=[16]", "train.epochs=3", "train.batch_size=64"]
SPACE = ["model.dropout=interval(0.0,0.5)", "optimizer.learning_rate=tag(log,interval(1e-3,1e-2))"]


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runs folder with a real study of four small trials, mirrored in MLflow; for all tests, so not to be changed."""
    folder = tmp_path_factory.mktemp("runs")
    command = ["sweep", f"runs_folder={folder}", *SMALL, *SPACE, "search.n_trials=4", "pruner=none"]
    assert run(command) == 0
    return folder


@pytest.fixture
def own_runs(runs: Path, tmp_path: Path) -> Path:
    """A copy of it without its MLflow store, to be changed."""
    shutil.copytree(runs / "dnn-digits", tmp_path / "runs/dnn-digits")
    return tmp_path / "runs"
