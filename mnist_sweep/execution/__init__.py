"""Where trials run: an executor takes jobs and returns events; nothing above it knows about processes.

`submit(job)`, `events(timeout)`, `stop(number)` and `close()` are all of the seam; a job and an event are plain data.
"""

from mnist_sweep.config.runtime_settings import RayConfig, RuntimeConfig
from mnist_sweep.config.task import Task
from mnist_sweep.config.traits import traits
from mnist_sweep.execution.executor import (
    Done,
    Epoch,
    Event,
    Executor,
    Failed,
    Job,
    Limits,
    NodeStatus,
    Notice,
    Started,
    Trained,
)
from mnist_sweep.execution.inline import InlineExecutor
from mnist_sweep.execution.local import LocalExecutor

__all__ = ["Done", "Epoch", "Event", "Executor", "Failed", "InlineExecutor", "Job", "Limits", "LocalExecutor",
           "NodeStatus", "Notice", "Started", "Trained", "make_executor"]  # fmt: skip


def make_executor(runtime: RuntimeConfig, task: Task) -> Executor:
    """Returns the executor that the configuration names, with its limits; in this process for a task without work.

    Raises:
        UserError: A cluster can't be used; see `RayExecutor`.
    """
    if isinstance(runtime, RayConfig):
        from mnist_sweep.execution.cluster.executor import RayExecutor

        return RayExecutor(runtime, traits(task).preload)
    if hasattr(task, "epochs") and hasattr(task, "returned"):
        return InlineExecutor()
    return LocalExecutor(Limits(runtime.memory_limit, runtime.trial_timeout), traits(task).preload)
