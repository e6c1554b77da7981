"""The figures of a trial; those of a study lie in modules that are imported on demand."""

from mnist_sweep.tasks.image_classifier.figures.confusion import confusion_matrix
from mnist_sweep.tasks.image_classifier.figures.curves import curves
from mnist_sweep.tasks.image_classifier.figures.gallery import error_gallery

__all__ = ["confusion_matrix", "curves", "error_gallery"]
