"""What the driver tells a trial besides its configuration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class TrialSettings:
    """What the driver tells a trial besides its configuration.

    Attributes:
        allowed: The modules and names that a configuration may call.
        data: The description of the data set, as `Description.plain` returns it.
        environment: What environment.json holds before the trial adds its seeds, times and digest.
        keep_model: Whether the trained model is written.
        stop_after: The number of epochs after which the trial stops; None for no limit.
        was_stopped: Whether it repeats one that was stopped there, and not one that had come to its end.
        shared: Where the driver has put the data for all trials; None if they are to be loaded.
        constraints: Bounds of metrics, as in `search.constraints`: a trial that is known to be beyond one is not run.
    """

    allowed: Sequence[str]
    data: Mapping[str, Any]
    environment: Mapping[str, Any]
    keep_model: bool = False
    stop_after: int | None = None
    was_stopped: bool = False
    shared: Mapping[str, Any] | None = None
    constraints: Sequence[str] = ()
