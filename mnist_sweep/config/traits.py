"""What the engine may know of a task besides what every task has."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Traits:
    """What is particular to a task, as its attribute `traits`; a task may have none.

    Attributes:
        starting: What the first trial waits for, to be shown.
        note: What the readers of a study must know, empty for nothing.
        preload: Modules that the fork server imports once for all trials.
        not_searched: Sections and keys of the task that a search must not change.
    """

    starting: str = ""
    note: str = ""
    preload: tuple[str, ...] = ()
    not_searched: tuple[str, ...] = ()


def traits(task: object) -> Traits:
    """Returns the traits of a task."""
    found = getattr(task, "traits", None)
    return found if isinstance(found, Traits) else Traits()
