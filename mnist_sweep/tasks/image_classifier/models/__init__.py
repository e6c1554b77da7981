"""Networks: functions that a model's `_target_` names, and `build`, which calls them.

Each takes the shape of an image and the number of classes, then the arguments of its YAML file, and returns a Keras
model that ends in probabilities (softmax, in float32 whatever the precision).
"""

from mnist_sweep.tasks.image_classifier.models.blocks import blocks
from mnist_sweep.tasks.image_classifier.models.build import build
from mnist_sweep.tasks.image_classifier.models.cnn import cnn
from mnist_sweep.tasks.image_classifier.models.dnn import dnn
from mnist_sweep.tasks.image_classifier.models.load import load

__all__ = ["blocks", "build", "cnn", "dnn", "load"]
