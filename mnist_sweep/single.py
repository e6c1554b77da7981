"""One trial outside of a search, with its lines on the terminal and its MLflow run."""

import time
from collections.abc import Mapping
from typing import Any

from filelock import FileLock

from mnist_sweep.executors import Done, Executor, Failed, Job
from mnist_sweep.files import write_json
from mnist_sweep.folders import TrialFolder
from mnist_sweep.launch import run_one
from mnist_sweep.terminal import Screen
from mnist_sweep.tracking import Record, Tracker


def finish(record: Record, folder: TrialFolder, tracker: Tracker, state: str, reason: str | None,
           more: Mapping[str, Any]) -> None:  # fmt: skip
    """Writes how the trial ended, `more` included, and waits until MLflow has it."""
    number = int(record.tags["trial"])
    ended = {"trial": number, "state": state, "reason": reason, "started": record.started, "ended": time.time()}
    write_json(folder.state, {**ended, **more})
    tracker.finish_trial(folder)
    if not tracker.close():
        tracker.say(
            f"tracking is behind in {tracker.uri}: {folder.path} has everything, `mnist-sweep sync` brings it up"
        )


def run_single(
    job: Job,
    record: Record,
    folder: TrialFolder,
    tracker: Tracker,
    screen: Screen,
    executor: Executor,
    tried: Mapping[str, str],
    epochs: int,
) -> Done | Failed:
    """Runs the job to its end; an interrupted or failed one is noted here, one that is done by the caller."""
    number = job.number

    def on_epoch(row: dict[str, float]) -> None:
        screen.epoch(number, row)
        tracker.epoch(folder, row)

    try:
        record.write(folder.record)
        tracker.start_trial(folder)
        with screen, FileLock(folder.lock):  # a lock that is free tells `sync` that nobody is at work any more
            screen.started(number, tried, epochs)
            ended = run_one(executor, job, on_epoch)
            if isinstance(ended, Failed):
                screen.ended(number, "FAIL", ended.reason)
            else:
                screen.ended(number, "COMPLETE", f"val_accuracy {ended.result['metrics']['val_accuracy']:.4f}")
    except BaseException:
        finish(record, folder, tracker, "INTERRUPTED", "interrupted", {})
        raise
    finally:
        executor.close()
    if isinstance(ended, Failed):
        finish(record, folder, tracker, "FAIL", ended.reason, {})
    return ended
