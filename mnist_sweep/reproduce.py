"""`mnist-sweep reproduce`: retrains a trial from its stored configuration alone and compares every bit."""

import math
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field
from pydantic.dataclasses import dataclass as checked

from mnist_sweep import files
from mnist_sweep.call import Call
from mnist_sweep.config import UserError
from mnist_sweep.config.check import check
from mnist_sweep.config.compose import differences, from_command_line
from mnist_sweep.config.schema import CONFIG, Int, NotNegative
from mnist_sweep.config.settings import (
    CURVES,
    RuntimeConfig,
    TrackingConfig,
    parse_folder,
    parse_tracking,
)
from mnist_sweep.data import Description
from mnist_sweep.executors import Failed, make_executor
from mnist_sweep.folders import StudyFolder, TrialFolder
from mnist_sweep.launch import make_job, next_folder, prepare, shortest
from mnist_sweep.provenance import environment, source_tags
from mnist_sweep.recorded import NEEDED, Recorded, find_study, find_trial, read_recorded, without_urls
from mnist_sweep.single import finish, run_single
from mnist_sweep.terminal import Screen
from mnist_sweep.tracking import Record, Tracker, fetch
from mnist_sweep.tracking.mirror import flatten

# Of a trial's environment, what its bits may depend on.
WORLD = ("versions", "commit", "dirty", "processor", "processor_features", "threads")


@checked(frozen=True, config=CONFIG)
class Request:
    """What is to be reproduced, and how far it may be off."""

    study_name: str | None
    trial: Annotated[Int, Field(ge=0)] | None
    run: str | None
    tolerance: NotNegative | None


@dataclass(frozen=True)
class Verdict:
    """EXACT, WITHIN TOLERANCE or DIFFERENT, and why."""

    word: str
    why: str


def _epochs(number: int) -> str:
    return "1 epoch" if number == 1 else f"{number} epochs"


def default_tolerance(accuracy: float, images: int) -> float:
    """Two standard errors of the difference of two accuracies: what chance alone does to as many images."""
    spread = max(accuracy * (1 - accuracy), 1 / images)
    return 2 * math.sqrt(2 * spread / images)


def compare(recorded: Recorded, result: Mapping[str, Any], rows: list[dict[str, float]], tolerance: float) -> Verdict:
    """Weights, curve and metrics against what was recorded."""
    pairs = [(old[name], new[name]) for old, new in zip(recorded.rows, rows, strict=False) for name in CURVES]
    same_curve = len(rows) == len(recorded.rows) and all(old == new for old, new in pairs)
    timed = ("training_seconds", "images_per_second")
    same_metrics = all(result["metrics"].get(k) == v for k, v in recorded.metrics.items() if k not in timed)
    same_weights = result["weights_digest"] == recorded.environment["weights_digest"]
    if same_weights and same_curve and same_metrics:
        return Verdict("EXACT", f"weights, curve and metrics are the same to the bit over {_epochs(len(rows))}")
    off = abs(result["metrics"]["val_accuracy"] - recorded.metrics["val_accuracy"])
    largest = max(abs(old - new) for old, new in pairs)
    what = f"val_accuracy is off by {off:.4f} (tolerance {tolerance:.4f}), the curves by {largest:.2g} at most"
    if len(rows) == len(recorded.rows) and off <= tolerance:
        return Verdict("WITHIN TOLERANCE", what)
    return Verdict("DIFFERENT", what)


def world_differences(recorded: Recorded) -> list[str]:
    """What is different here from where the trial was recorded."""
    now = {**environment("", ""), "threads": recorded.environment.get("threads")}
    return differences({key: recorded.environment.get(key) for key in WORLD}, {key: now.get(key) for key in WORLD})


def _find(request: Request, runs_folder: Path, tracking: TrackingConfig, allowed: list[str]) -> Recorded:
    if request.run is not None:
        if request.trial is not None or request.study_name is not None:
            raise UserError("run is given beside study or trial: give either")
        with tempfile.TemporaryDirectory() as temporary:
            folder = TrialFolder(Path(temporary))
            name = fetch(tracking, runs_folder, request.run, NEEDED, folder.path)
            return without_urls(read_recorded(folder, name, allowed))
    study = find_study(runs_folder, request.study_name)
    folder = find_trial(study, request.trial)
    return read_recorded(folder, f"{study.name}-{folder.path.name}", allowed)


def _checked_data(recorded: Recorded, screen: Screen) -> Description:
    """The data set here; raises UserError if it is not what the trial was trained on."""
    description = prepare(recorded.config, screen.say)
    before = recorded.environment["data"]["digests"]
    for name, digest in description.digests.items():
        if before.get(name) != digest:
            raise UserError(
                f"data={description.name} is not what {recorded.name} was trained on: the SHA-256 of its "
                f"{name.replace('_', ' ')} was {str(before.get(name))[:16]}..., got {digest[:16]}..."
            )
    return description


def main(call: Call) -> tuple[int, Any]:
    """Finds, retrains, compares; exit code 1 for DIFFERENT."""
    allowed = from_command_line(call.overrides)
    known = set(Request.__dataclass_fields__)
    request = check(Request, {key: value for key, value in call.plain.items() if key in known}, "")
    runtime = check(RuntimeConfig, call.plain["runtime"], "runtime")
    tracking, runs_folder = parse_tracking(call.plain["tracking"]), parse_folder(call.plain["runs_folder"])
    recorded = _find(request, runs_folder, tracking, allowed)
    screen = Screen(f"reproducing {recorded.name}", "val_accuracy", 1, 1)
    accuracy, epochs = recorded.metrics["val_accuracy"], len(recorded.rows)
    screen.say(f"Reproducing {recorded.name}: {_epochs(epochs)}, val_accuracy {accuracy:.4f}")
    changed = world_differences(recorded)
    for line in changed:
        screen.say(f"  not as it was: {line}", style="yellow")
    executor = make_executor(runtime)
    executor.warm_up()
    description = _checked_data(recorded, screen)
    number, folder = next_folder(StudyFolder(runs_folder / "reproduce"))
    job = make_job(
        number,
        recorded.config,
        recorded.overrides,
        folder,
        description,
        allowed,
        [],
        call.line,
        False,
        stop_after=epochs,
    )
    tags = {"kind": "reproduction", "trial": str(number), "study": "reproduce", "state": "RUNNING",
            "folder": str(folder.path.absolute()),
            "command": call.line, "reproduces": recorded.name, "reproduces_run": recorded.run_id or "",
            **source_tags(call.line)}  # fmt: skip
    params = flatten(recorded.config.plain())
    record = Record(f"reproduce-{recorded.name}", params, [], tags, description.plain(), time.time())
    tracker = Tracker(tracking, runs_folder, screen.warn)
    ended = run_single(job, record, folder, tracker, screen, executor, {"reproduces": recorded.name}, epochs)
    if isinstance(ended, Failed):
        screen.say(f"DIFFERENT: it failed: {ended.reason}; see {shortest(folder.log)}", style="bold")
        return 1, None
    tolerance = request.tolerance
    if tolerance is None:
        tolerance = default_tolerance(accuracy, description.validation_images)
    verdict = compare(recorded, ended.result, files.read_history(folder.history), tolerance)
    more = {"reproduces": recorded.name, "verdict": verdict.word, "why": verdict.why, "not_as_it_was": changed}
    finish(record, folder, tracker, "COMPLETE", None, more)
    cause = f"; most likely because of {changed[0]}" if changed and verdict.word != "EXACT" else ""
    screen.say(f"{verdict.word}: {verdict.why}{cause}", style="bold")
    return int(verdict.word == "DIFFERENT"), None
