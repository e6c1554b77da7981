"""`mnist-sweep train`: one trial, recorded like those of a sweep."""

import time
from collections.abc import Mapping
from typing import Any

from filelock import FileLock

from mnist_sweep.cli.screen import Screen
from mnist_sweep.config import TrialConfig, parse_trial
from mnist_sweep.config.compose import key_of, of_a_trial
from mnist_sweep.config.composed import Composed
from mnist_sweep.config.flatten import flatten
from mnist_sweep.config.settings import parse_surroundings
from mnist_sweep.execution import Done, Executor, Failed, Job, make_executor
from mnist_sweep.execution.jobs import make_job, next_folder, prepare, run_one, shortest
from mnist_sweep.files import write_json
from mnist_sweep.provenance import source_tags
from mnist_sweep.storage.folders import StudyFolder, TrialFolder
from mnist_sweep.storage.run_record import RunRecord
from mnist_sweep.tracking import Tracker

METRIC = "best_val_accuracy"


def _name(config: TrialConfig, choices: Mapping[str, str], number: int) -> str:
    """What the run is called: its experiment, or its model and data."""
    experiment = choices.get("experiment")
    what = experiment or f"{config.model.target.rpartition('.')[2]}-{config.data.split.name}"
    return f"{what}-{number:04d}"


def _record(
    composed: Composed, config: TrialConfig, number: int, folder: TrialFolder, data: dict[str, Any]
) -> RunRecord:
    overrides = [override for override in composed.overrides if of_a_trial(override)]
    tags = {"trial": str(number), "study": folder.path.parent.parent.name, "kind": "train", "state": "RUNNING",
            "folder": str(folder.path.absolute()), "command": composed.line, "data_digest": data["digest"],
            "executor": composed.config["runtime"]["executor"],
            "mlflow.note.content": f"```\n{composed.line}\n```", **source_tags(composed.line)}  # fmt: skip
    params = flatten(config.plain())
    return RunRecord(
        _name(config, composed.choices, number), params, [key_of(o) for o in overrides], tags, data, time.time()
    )


def _told(screen: Screen, folder: TrialFolder, ended: Done) -> None:
    metrics = ended.result["metrics"]
    screen.say(
        f"val_accuracy {metrics['val_accuracy']:.4f} at the end, {metrics[METRIC]:.4f} at best (epoch "
        f"{metrics['best_epoch']}); {int(metrics['parameters']):,} parameters, "
        f"{metrics['images_per_second']:,.0f} images per second"
    )
    digest = ended.result["weights_digest"][:16]
    screen.say(f"weights digest {digest}; folder {shortest(folder.path)}; browse: mnist-sweep ui")


def _finish(record: RunRecord, folder: TrialFolder, tracker: Tracker, state: str, reason: str | None) -> None:
    """Writes how the trial ended, and waits until MLflow has it."""
    number = int(record.tags["trial"])
    ended = {"trial": number, "state": state, "reason": reason, "started": record.started, "ended": time.time()}
    write_json(folder.state, ended)
    tracker.finish_trial(folder)
    if not tracker.close():
        tracker.say(
            f"tracking is behind in {tracker.uri}: {folder.path} has everything, `mnist-sweep sync` brings it up"
        )


def _run(
    job: Job,
    record: RunRecord,
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
        _finish(record, folder, tracker, "INTERRUPTED", "interrupted")
        raise
    finally:
        executor.close()
    if isinstance(ended, Failed):
        _finish(record, folder, tracker, "FAIL", ended.reason)
    return ended


def main(composed: Composed) -> tuple[int, Any]:
    """Trains one network; gives its best val_accuracy to Hydra, for the sweepers of others."""
    allowed = composed.trusted
    around = parse_surroundings(composed.config)
    config = parse_trial(composed.config, allowed)
    executor = make_executor(around.runtime)
    screen = Screen("training", METRIC, 1, 1)
    description = prepare(config, screen.say)
    number, folder = next_folder(StudyFolder(around.runs_folder / (around.study.name or "train")))
    overrides = [override for override in composed.overrides if of_a_trial(override)]
    tracker = Tracker(around.tracking, around.runs_folder, screen.warn)
    record = _record(composed, config, number, folder, description.plain())
    job = make_job(
        number, config, overrides, folder, description, allowed, composed.flags, composed.line, keep_model=True
    )
    tried = {key_of(override): override.partition("=")[2] for override in overrides}
    ended = _run(job, record, folder, tracker, screen, executor, tried, config.train.epochs)
    if isinstance(ended, Failed):
        screen.say(f"Failed: {ended.reason}. The whole story: {shortest(folder.log)}", style="red")
        return 1, None
    _finish(record, folder, tracker, "COMPLETE", None)
    _told(screen, folder, ended)
    return 0, ended.result["metrics"][METRIC]
