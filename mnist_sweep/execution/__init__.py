"""Where trials run: an executor takes jobs and returns events; nothing above it knows about processes.

`submit(job)`, `events(timeout)`, `stop(number)` and `close()` are all of the seam; a job and an event are plain data.
"""

from mnist_sweep.config.settings import RuntimeConfig
from mnist_sweep.execution.dry import DryExecutor
from mnist_sweep.execution.executor import Done, Epoch, Event, Executor, Failed, Job, Limits, Started, Trained
from mnist_sweep.execution.local import LocalExecutor

__all__ = ["Done", "DryExecutor", "Epoch", "Event", "Executor", "Failed", "Job", "Limits", "LocalExecutor", "Started",
           "Trained", "make_executor"]  # fmt: skip


def make_executor(runtime: RuntimeConfig) -> Executor:
    """The executor that the configuration names, with its limits."""
    if runtime.is_dry:
        return DryExecutor()
    return LocalExecutor(Limits(runtime.memory_limit, runtime.trial_timeout))
