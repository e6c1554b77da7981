"""All of MLflow: an asynchronous mirror of study folders."""

from mnist_sweep.tracking.errors import is_refusal, reason_of, trouble
from mnist_sweep.tracking.fetch import fetch
from mnist_sweep.tracking.pages import study_page
from mnist_sweep.tracking.runs import as_before, is_mirrored
from mnist_sweep.tracking.server import serve
from mnist_sweep.tracking.store import tracking_uri
from mnist_sweep.tracking.tracker import Tracker
from mnist_sweep.tracking.writer import Writer

__all__ = [
    "Tracker",
    "Writer",
    "as_before",
    "fetch",
    "is_mirrored",
    "is_refusal",
    "reason_of",
    "serve",
    "study_page",
    "tracking_uri",
    "trouble",
]
