"""Hyperparameter sweeps that are tracked, resumable and reproducible to the bit.

import mnist_sweep as ms
study = ms.sweep("model=cnn", "search.n_trials=40")
study.best.value, study.best.overrides, study.trials_dataframe()
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mnist_sweep.api import Study, Task, Trial, TrialContext, UserError, open_study, sweep, train

__version__ = "0.1.0"
__all__ = ["Study", "Task", "Trial", "TrialContext", "UserError", "open_study", "sweep", "train"]


def __getattr__(name: str) -> Any:
    """Imports what is asked for when it is asked for: `mnist-sweep --help` needs none of it."""
    if name in __all__:
        from mnist_sweep import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Returns the public names too, before they are imported."""
    return sorted({*globals(), *__all__})
