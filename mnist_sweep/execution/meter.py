"""Measures from outside what a process takes, so that the trial itself need not know of it."""

import psutil

from mnist_sweep.storage.usage import Usage

MEGABYTE = 1e6  # as MLflow counts in its system metrics


class Meter:
    """Measures a process each time that it is asked to.

    Attributes:
        memory: The resident memory when it was seen last, in bytes.
    """

    def __init__(self, process: psutil.Process | None) -> None:
        """Measures nothing yet.

        Args:
            process: The process, None for one that had ended before it could be seen.
        """
        self.process = process
        self.memory = 0
        self._peak = 0
        self._seconds = 0.0

    def look(self) -> None:
        """Measures; of a process that has ended what was seen last remains."""
        if self.process is None:
            return
        try:
            times = self.process.cpu_times()
            self._seconds = times.user + times.system + times.children_user + times.children_system
            self.memory = self.process.memory_info().rss
        except psutil.Error:
            return
        self._peak = max(self._peak, self.memory)

    def usage(self) -> Usage | None:
        """Returns what the process has taken, None where it was never seen."""
        return Usage(round(self._seconds, 2), round(self._peak / MEGABYTE, 1)) if self._peak else None
