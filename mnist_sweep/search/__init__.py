"""All of Optuna: what to try next, what to stop, and the record of both."""

from mnist_sweep.search.components import build_pruner, build_sampler
from mnist_sweep.search.failures import in_common
from mnist_sweep.search.given import Given
from mnist_sweep.search.pruners.asha import SuccessiveHalvingPruner
from mnist_sweep.search.rehearsal import rehearse
from mnist_sweep.search.samplers.grid import GridSampler, is_finite
from mnist_sweep.search.samplers.tpe import TPESampler
from mnist_sweep.search.study import Search
from mnist_sweep.search.trials import Asked, Standing

__all__ = [
    "Asked",
    "Given",
    "GridSampler",
    "Search",
    "Standing",
    "SuccessiveHalvingPruner",
    "TPESampler",
    "build_pruner",
    "build_sampler",
    "in_common",
    "is_finite",
    "rehearse",
]
