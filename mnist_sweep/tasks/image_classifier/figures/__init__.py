"""The three pictures of a trial."""

from mnist_sweep.tasks.image_classifier.figures.confusion import confusion_matrix
from mnist_sweep.tasks.image_classifier.figures.curves import curves
from mnist_sweep.tasks.image_classifier.figures.gallery import error_gallery

__all__ = ["confusion_matrix", "curves", "error_gallery"]
