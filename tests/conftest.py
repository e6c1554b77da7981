"""Fixtures that several folders share."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

from mnist_sweep.cli.main import conf_folder, run
from mnist_sweep.files import replaced
from mnist_sweep.tracking import store


@pytest.fixture(scope="session")
def real_make_database() -> Callable[[str], None]:
    """What makes an MLflow database table by table, for the tests of just that."""
    return store._make_database


@pytest.fixture(scope="session", autouse=True)
def one_database_is_copied(
    tmp_path_factory: pytest.TempPathFactory, real_make_database: Callable[[str], None]
) -> Iterator[None]:
    """MLflow makes its tables once per test process, which takes seconds; every other store starts as a copy."""
    template = tmp_path_factory.mktemp("mlflow") / "empty.db"

    def copy(uri: str) -> None:
        file = Path(uri.removeprefix("sqlite:///"))
        if not uri.startswith("sqlite:///") or file.exists():
            return
        if not template.exists():
            real_make_database(f"sqlite:///{template}")
        file.parent.mkdir(parents=True, exist_ok=True)
        with replaced(file) as beside:
            shutil.copy(template, beside)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "_make_database", copy)
        yield


@pytest.fixture
def hydra_conf() -> Iterator[None]:
    """Within it, `hydra.compose` finds the project's own configuration."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        yield


@pytest.fixture
def no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep of this process draws no report, which takes longer than a dry search: for tests that look at none."""
    monkeypatch.setattr("mnist_sweep.report.page.write_report", lambda study: study)


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
