"""Data sets.

`prepare` downloads one where it is missing, `describe` returns what it is, `load` returns the images of a trial,
`shared` and `attach` let many trials use the same ones.
"""

from mnist_sweep.tasks.image_classifier.data.dataset import (
    Dataset,
    describe,
    load,
    location,
    validated_groups,
    validation_images,
)
from mnist_sweep.tasks.image_classifier.data.download import prepare
from mnist_sweep.tasks.image_classifier.data.shared import attach, attached_groups, shared
from mnist_sweep.tasks.image_classifier.data.sources import archive, csv, digits, folder

__all__ = [
    "Dataset",
    "archive",
    "attach",
    "attached_groups",
    "csv",
    "describe",
    "digits",
    "folder",
    "load",
    "location",
    "prepare",
    "shared",
    "validated_groups",
    "validation_images",
]
