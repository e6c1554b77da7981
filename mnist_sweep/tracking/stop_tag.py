"""The tag `stop` of a study's MLflow run, by which a person stops the search from MLflow's page."""

import time
from collections.abc import Callable

from mnist_sweep.tracking.errors import trouble
from mnist_sweep.tracking.writer import Writer

LOOK_SECONDS = 10.0  # a look is one request of some milliseconds


class StopTag:
    """Looks for the tag now and then, from the tracker's thread."""

    def __init__(self, heard: Callable[[], None] | None) -> None:
        """Looks for nothing yet.

        Args:
            heard: Is called once the tag is there; None where nobody can be stopped so.
        """
        self._heard = heard
        self._look_at = 0.0

    @property
    def wait(self) -> float | None:
        """Seconds after which to look again, None for never."""
        return None if self._heard is None else LOOK_SECONDS

    def forget(self, writer: Writer, run_id: str) -> None:
        """Removes a tag that was set while the search was not running."""
        if self._heard is not None:
            writer.runs.take_stop(run_id)

    def look(self, writer: Writer, run_id: str) -> None:
        """Looks, if it is time to; a tag that is there is removed, so that the next call goes on."""
        if self._heard is None or time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + LOOK_SECONDS
        try:
            is_there = writer.runs.take_stop(run_id)
        except trouble():  # the next write tells
            return
        if is_there:
            self._heard()
