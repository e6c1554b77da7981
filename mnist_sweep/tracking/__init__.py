"""All of MLflow: a mirror of the studies' folders, written behind the driver's back."""

from mnist_sweep.tracking.fetch import fetch
from mnist_sweep.tracking.mirror import StudyRecord, TrialRecord
from mnist_sweep.tracking.server import serve
from mnist_sweep.tracking.tracker import Tracker, tracking_uri

__all__ = ["StudyRecord", "Tracker", "TrialRecord", "fetch", "serve", "tracking_uri"]
