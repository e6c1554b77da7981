"""`mnist-sweep data`: fetches a data set and says what it is."""

from typing import Any

from rich.console import Console

from mnist_sweep.cli.requests import data_request
from mnist_sweep.cli.screen import transfer
from mnist_sweep.config.composed import Composed
from mnist_sweep.tasks.data import prepare
from mnist_sweep.tasks.image_classifier import data


def main(composed: Composed) -> tuple[int, Any]:
    """Gets the data set onto this machine and checks every pixel of it."""
    config = data_request(composed)
    console = Console(highlight=False, markup=False, soft_wrap=True)
    found = prepare(config, console.print, all_parts=True, transfer=transfer)
    where = data.location(config.data)
    height, width, channels = found.image
    console.print(
        f"{found.name}: {found.train_images:,} images to train, {found.validation_images:,} to validate, "
        f"{height}x{width}x{channels}, {found.classes} classes, SHA-256 {found.digest[:16]}"
        + (f", in {where}" if where else "")
    )
    return 0, None
