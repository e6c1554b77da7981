"""Which node a job runs on."""

from collections.abc import Iterable
from dataclasses import dataclass

from mnist_sweep.execution.runner import at_capacity


@dataclass(frozen=True)
class Room:
    """What placing a job must know of a node.

    Attributes:
        name: What it is called.
        slots: How many jobs may train on it at the same time.
        active: How many jobs are on it.
        writing: How many of them have been trained and write their files.
        machine_class: Its class of machine.
    """

    name: str
    slots: int
    active: int
    writing: int
    machine_class: str


def choose(rooms: Iterable[Room], wanted: str | None) -> str | None:
    """Returns the name of the node with the most free slots, None where a job has to wait.

    Args:
        rooms: The nodes.
        wanted: The class of machine that the job needs for the bits that are expected; it waits for one while such a
            node is there, and takes any where there is none.
    """
    known = list(rooms)
    of_class = [room for room in known if room.machine_class == wanted]
    free = [room for room in of_class or known if not at_capacity(room.active, room.writing, room.slots)]
    best = max(free, key=lambda room: (room.slots - room.active + room.writing, -room.active), default=None)
    return best.name if best else None
