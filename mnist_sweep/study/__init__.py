"""All of Optuna: what to try next, what to stop, and the record of both."""

from mnist_sweep.study.failures import in_common
from mnist_sweep.study.grid import GridSampler
from mnist_sweep.study.rehearsal import rehearse
from mnist_sweep.study.search import Search
from mnist_sweep.study.settings import build_pruner, build_sampler
from mnist_sweep.study.trials import Asked, Standing
from mnist_sweep.study.window import TPESampler

__all__ = [
    "Asked",
    "GridSampler",
    "Search",
    "Standing",
    "TPESampler",
    "build_pruner",
    "build_sampler",
    "in_common",
    "rehearse",
]
