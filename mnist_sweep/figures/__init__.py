"""The three pictures of a trial."""

from mnist_sweep.figures.confusion import confusion_matrix
from mnist_sweep.figures.curves import curves
from mnist_sweep.figures.gallery import error_gallery

__all__ = ["confusion_matrix", "curves", "error_gallery"]
