"""The settings of a search, without a configuration."""

from collections.abc import Callable
from typing import Any

import pytest

from mnist_sweep.config import Settings
from mnist_sweep.config.settings import parse_settings


@pytest.fixture
def made_settings() -> Callable[..., Settings]:
    """Makes the settings of a search in memory, with changes of its section."""

    def made(
        sampler: str = "optuna.samplers.RandomSampler", pruner: dict[str, Any] | None = None, **search: Any
    ) -> Settings:
        runtime = {"executor": "local", "workers": None, "memory_limit": None, "trial_timeout": None}
        return parse_settings(
            {
                "runtime": {**runtime, "allowed_targets": []},
                "study": {"name": None, "seed": 0, "keep_models": 1, "fork": False},
                "tracking": {"enabled": False, "uri": None, "experiment": "mine"},
                "runs_folder": "runs",
                "search": {
                    "n_trials": 10, "timeout": None, "target": None, "max_failures": 5, "metric": "val_accuracy",
                    "direction": None, "space": {}, "when": {}, **search,
                },
                "sampler": {"_target_": sampler},
                "pruner": pruner or {"_target_": "optuna.pruners.NopPruner"},
            },
            [],
        )  # fmt: skip

    return made
