"""The public names: what the command line does, from Python."""

from mnist_sweep.api.running import sweep, train
from mnist_sweep.api.study import Study, open_study
from mnist_sweep.api.trial import Trial
from mnist_sweep.config import UserError
from mnist_sweep.config.task import Task
from mnist_sweep.tasks.context import TrialContext

__all__ = ["Study", "Task", "Trial", "TrialContext", "UserError", "open_study", "sweep", "train"]
