"""What a trial does: the tasks of this package, and what a task of one's own may know of its trial.

Nothing here imports TensorFlow before a trial runs.
"""

from mnist_sweep.config.task import Task
from mnist_sweep.tasks.context import StopTrial, TrialContext
from mnist_sweep.tasks.dry import Dry
from mnist_sweep.tasks.function import Function
from mnist_sweep.tasks.image_classifier.task import ImageClassifier

__all__ = ["Dry", "Function", "ImageClassifier", "StopTrial", "Task", "TrialContext"]
