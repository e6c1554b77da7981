"""Several jobs, some at a time, each to its end: what confirm and the audit of a study run."""

import errno
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from mnist_sweep.executors import Done, Event, Executor, Failed, Job

RETRIES = 2  # of a job whose process was ended from outside
TICK_SECONDS = 0.25


def _is_lost(event: Done | Failed, lost: Counter[int]) -> bool:
    """Whether a job is to be run again; raises OSError where the disk is full."""
    if isinstance(event, Done) or event.cause == "error":
        return False
    if event.cause == "disk":
        raise OSError(errno.ENOSPC, event.reason)
    lost[event.number] += 1
    return lost[event.number] <= RETRIES


def _next(again: list[Job], waiting: Iterator[Job]) -> Job | None:
    return again.pop() if again else next(waiting, None)


def run_all(
    executor: Executor, jobs: Iterable[Job], at_once: int, should_stop: Callable[[], bool]
) -> Iterator[Job | Event]:
    """Runs the jobs in their order, `at_once` at the same time; gives each job before it starts, and what happens.

    Once it should stop, none is started any more, and those that run are told to stop; what they leave is not given. A
    job that is lost is run again, at most twice. Raises OSError where the disk is full.
    """
    waiting, again = iter(jobs), list[Job]()
    active: dict[int, Job] = {}
    lost: Counter[int] = Counter()
    while True:
        stopping = should_stop()
        for number in active if stopping else ():
            executor.stop(number)
        while len(active) < at_once and not stopping:
            job = _next(again, waiting)
            if job is None:
                break
            active[job.number] = job
            yield job
            executor.submit(job)
        if not active:
            return
        for event in executor.events(TICK_SECONDS):
            if isinstance(event, Done | Failed):
                ended = active.pop(event.number)
                if _is_lost(event, lost):
                    again.append(ended)
                    continue
                if stopping and isinstance(event, Done) and event.result["stopped"]:
                    continue
            yield event
