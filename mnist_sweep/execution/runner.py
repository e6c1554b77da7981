"""Several jobs, some at a time, each to its end: what confirm and the audit of a study run."""

import errno
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from mnist_sweep.cli.screen import Screen
from mnist_sweep.execution import Done, Event, Executor, Failed, Job, Trained
from mnist_sweep.execution.interrupts import Interrupts

WRITING = 0.5  # for each worker, so many trials that have been trained may still write their files
RETRIES = 2  # of a job whose process was ended from outside
TICK_SECONDS = 0.25


def is_full_house(active: int, writing: int, at_once: int) -> bool:
    """Whether no further job may begin: `writing` of the active ones have been trained already."""
    return active - writing >= at_once or active >= processes(at_once)


def processes(at_once: int) -> int:
    """The most processes that so many jobs at a time come to, those that still write included."""
    return at_once + math.ceil(WRITING * at_once)


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
    writing: set[int] = set()
    while True:
        stopping = should_stop()
        for number in active if stopping else ():
            executor.stop(number)
        while (
            not stopping
            and not is_full_house(len(active), len(writing), at_once)
            and (job := _next(again, waiting)) is not None
        ):
            active[job.number] = job
            yield job
            executor.submit(job)
        if not active:
            return
        for event in executor.events(TICK_SECONDS):
            if isinstance(event, Trained):
                writing.add(event.number)
            if not isinstance(event, Done | Failed):
                yield event
                continue
            writing.discard(event.number)
            ended = active.pop(event.number)
            if _is_lost(event, lost):
                again.append(ended)
            elif not (stopping and isinstance(event, Done) and event.result["stopped"]):
                yield event


def run_watched(
    executor: Executor,
    jobs: Iterable[Job],
    screen: Screen,
    happened: Callable[[Job | Event], None],
    leave: Callable[[], None],
) -> int:
    """Runs the jobs under a live table, as many at the same time as it says, until all have ended or Ctrl-C.

    `happened` hears what `run_all` gives; `leave` is called when no process is left. Gives the exit code of an
    interrupt, else 0. Raises OSError where the disk is full.
    """
    with Interrupts() as interrupts:
        try:
            with screen:
                for event in run_all(executor, jobs, screen.workers, lambda: bool(interrupts.received)):
                    happened(event)
        except KeyboardInterrupt:
            return interrupts.code
        finally:
            executor.close()
            leave()
        return interrupts.code if interrupts.received else 0
