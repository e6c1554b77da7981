"""Where trials run: an executor takes jobs and gives events; nothing above it knows about processes.

`submit(job)`, `events(timeout)`, `stop(number)` and `close()` are the whole seam; a job and an event are plain data.
"""

from mnist_sweep.executors.job import Done, Epoch, Event, Executor, Failed, Job, Started
from mnist_sweep.executors.local import LocalExecutor

__all__ = ["Done", "Epoch", "Event", "Executor", "Failed", "Job", "LocalExecutor", "Started"]
