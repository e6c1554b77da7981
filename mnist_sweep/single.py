"""One trial outside of a search, with its lines on the terminal and its MLflow run."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mnist_sweep.executors import Done, Executor, Failed, Job
from mnist_sweep.files import write_json
from mnist_sweep.launch import run_one
from mnist_sweep.terminal import Screen
from mnist_sweep.tracking import Tracker, TrialRecord


def finish(record: TrialRecord, tracker: Tracker, state: str, reason: str | None, more: Mapping[str, Any]) -> None:
    """Writes how the trial ended, `more` included, and waits until MLflow has it."""
    number = int(record.tags["trial"])
    write_json(record.folder.state, {"trial": number, "state": state, "reason": reason, **more})
    tracker.finish_trial(number, record, state, reason)
    if not tracker.close():
        tracker.say(f"tracking is behind in {tracker.uri}: {record.folder.path} has everything")


def run_single(
    job: Job,
    record: TrialRecord,
    tracker: Tracker,
    screen: Screen,
    executor: Executor,
    tried: Mapping[str, str],
    epochs: int,
) -> Done | Failed:
    """Runs the job to its end; an interrupted or failed one is noted here, one that is done by the caller."""
    number = job.number
    tracker.start_trial(number, record)

    def on_epoch(row: dict[str, float]) -> None:
        screen.epoch(number, row)
        tracker.epoch(number, row)

    try:
        with screen:
            screen.started(number, tried, epochs)
            ended = run_one(executor, job, on_epoch)
            if isinstance(ended, Failed):
                screen.ended(number, "FAIL", ended.reason)
            else:
                screen.ended(number, "COMPLETE", f"val_accuracy {ended.result['metrics']['val_accuracy']:.4f}")
    except BaseException:
        finish(record, tracker, "INTERRUPTED", "interrupted", {})
        raise
    finally:
        executor.close()
    if isinstance(ended, Failed):
        finish(record, tracker, "FAIL", ended.reason, {})
    return ended


def with_tags(record: TrialRecord, tags: Mapping[str, str]) -> TrialRecord:
    """The same record with more tags."""
    return replace(record, tags={**record.tags, **tags})
