"""The data of trials in the memory of a node: read from its own files, or fetched, once for all of its trials."""

import os
from contextlib import ExitStack
from typing import Any

from mnist_sweep.config import UserError, parse_trial
from mnist_sweep.execution.cluster.messages import Content
from mnist_sweep.execution.executor import Job
from mnist_sweep.tasks.data import Description, shared


class NodeMemory:
    """Shared data of a node that can't see the driver's; it ends with this process."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, Any]] = {}  # by the driver's file
        self._open = ExitStack()

    def of(self, job: Job, content: Content | None) -> dict[str, Any] | None:
        """Returns where the data of a job's trial lie, None where it has to read them itself.

        Args:
            job: The job; its digests decide whether the node's own files are the same data.
            content: What the driver's memory holds, where the node has other files or none.
        """
        wanted = job.settings.get("shared")
        if wanted is None:
            return None
        file = str(wanted["file"])
        if file not in self._found and (own := self._own(job)) is not None:
            self._found[file] = own
        if file not in self._found and content is not None:
            descriptor = os.memfd_create("mnist_sweep")
            with os.fdopen(os.dup(descriptor), "wb") as out:
                out.write(memoryview(content.get()))
            self._found[file] = {**wanted, "file": f"/proc/{os.getpid()}/fd/{descriptor}"}
        return self._found.get(file)

    def _own(self, job: Job) -> dict[str, Any] | None:
        """Returns the data as the node's own files have them, None where they have not."""
        plain = job.settings["data"]
        try:
            config = parse_trial(job.config, job.settings["allowed"])
            description = Description(**{**plain, "image": tuple(plain.get("image", ()))})
            return self._open.enter_context(shared(config, description))
        except (UserError, OSError):
            return None
