"""A small dry search, composed and checked as the console script does it."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hydra import compose
from hydra.core.global_hydra import GlobalHydra
from omegaconf import open_dict

from mnist_sweep.config.compose import Composer, plain, trusted_modules
from mnist_sweep.config.composed import Composed
from mnist_sweep.config.domains import as_literal
from mnist_sweep.driver.loop import Sweep
from mnist_sweep.driver.plan import Plan, make_plan
from mnist_sweep.driver.study_files import StudyFiles
from mnist_sweep.execution.jobs import Batch
from mnist_sweep.execution.progress import Silent
from mnist_sweep.storage.identity import identity, keep_identity
from mnist_sweep.tasks.data import not_shown
from mnist_sweep.tracking import Tracker

DRY = ["data=digits", "model=dnn", "model.units=[16]", "train.epochs=3", "search=default", "task=dry",
       "runtime.workers=2", "tracking=none", "pruner=none"]  # fmt: skip
SPACE = {"model.dropout": "interval(0.0,0.5)"}


@pytest.fixture
def composed(hydra_conf: None, tmp_path: Path) -> Callable[..., Composed]:
    """Composes a dry search of the dropout with some overrides, or of other sweeps."""

    def made(*overrides: str, sweeps: Mapping[str, str] = SPACE) -> Composed:
        own_model = any(text.startswith("model=") for text in overrides)
        dry = [text for text in DRY if not (own_model and text.startswith("model"))]
        texts = [f"runs_folder={as_literal(str(tmp_path / 'runs'))}", *dry, *overrides]
        config = compose("config", texts, return_hydra_config=True)
        choices = {key: str(option) for key, option in config.hydra.runtime.choices.items() if "/" not in key}
        with open_dict(config):
            del config["hydra"]
        trusted = trusted_modules(texts)
        composer = Composer(GlobalHydra.instance().config_loader(), "config", texts, trusted, config)
        return Composed(plain(config), composer, texts, dict(sweeps), [], choices, trusted, [], "mnist-sweep sweep")

    return made


@pytest.fixture
def planned(composed: Callable[..., Composed]) -> Callable[..., Plan]:
    """Makes the plan of such a search."""
    return lambda *overrides, **more: make_plan(composed(*overrides, **more), print, not_shown)


@pytest.fixture
def swept() -> Callable[[Plan], Sweep]:
    """Begins or continues the study of a plan; nothing runs yet."""

    def made(plan: Plan) -> Sweep:
        plan.folder.path.mkdir(parents=True, exist_ok=True)
        keep_identity(plan.folder, identity(plan.plain, plan.description.digest))
        search = plan.search()
        tracker = Tracker(plan.settings.tracking, plan.settings.runs_folder, pytest.fail)
        files = StudyFiles(plan, search, tracker, "mnist-sweep sweep")
        files.start()
        batch = Batch(plan.base, plan.description, plan.composer.allowed, plan.flags, "mnist-sweep sweep")
        return Sweep(plan, search, files, batch, Silent())

    return made
