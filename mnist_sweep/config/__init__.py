"""Configuration: Hydra composes it, dataclasses check it, and nothing above sees a DictConfig."""

from mnist_sweep.config.component import Component
from mnist_sweep.config.errors import Unavailable, UserError
from mnist_sweep.config.image_classifier import DataConfig, Split
from mnist_sweep.config.precision import fastest_precision
from mnist_sweep.config.settings import Settings
from mnist_sweep.config.trial import TrialConfig, parse_trial

__all__ = [
    "Component",
    "DataConfig",
    "Settings",
    "Split",
    "TrialConfig",
    "Unavailable",
    "UserError",
    "fastest_precision",
    "parse_trial",
]
