"""`mnist-sweep reproduce`: retrains trials from their stored configuration alone and compares every bit."""

import time
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field
from pydantic.dataclasses import dataclass

from mnist_sweep import files
from mnist_sweep.cli.screen import Screen, transfer
from mnist_sweep.config import UserError
from mnist_sweep.config.check import check
from mnist_sweep.config.composed import Composed
from mnist_sweep.config.schema import CONFIG, Bool, Int, NotNegative
from mnist_sweep.config.settings import RuntimeConfig, TrackingConfig, parse_folder, parse_tracking
from mnist_sweep.execution import make_executor
from mnist_sweep.execution.jobs import Batch, prepare, shortest, workers
from mnist_sweep.reproduce.retraining import Retraining, retrain
from mnist_sweep.reproduce.verdict import (
    Verdict,
    cause,
    epochs_text,
    read_run,
    seed_tolerance,
    world_differences,
)
from mnist_sweep.results.locate import find_study, find_trial
from mnist_sweep.results.trial import (
    Recorded,
    check_data,
    check_local,
    check_trained,
    read_best,
    read_recorded,
    reproducible,
)
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.identity import check_no_search
from mnist_sweep.tracking import Tracker
from mnist_sweep.tracking.run_recorder import RunRecorder


@dataclass(frozen=True, config=CONFIG)
class Request:
    """What is to be reproduced, and how far it may be off."""

    study_name: str | None
    trial: Annotated[Int, Field(ge=0)] | None
    all: Bool
    run: str | None
    file: str | None
    tolerance: NotNegative | None


def _one_way(request: Request) -> None:
    """Raises UserError where the trial is named in two ways."""
    given = {"run": request.run, "file": request.file, "study or trial": request.study_name or request.trial}
    given["study or trial"] = given["study or trial"] if request.trial is None else "trial"
    named = [name for name, value in given.items() if value is not None]
    if len(named) > 1:
        raise UserError(f"{named[0]} is given beside {named[1]}: give either")
    if request.all and (request.trial is not None or named not in ([], ["study or trial"])):
        raise UserError(f"all=true is of a whole study: it can't be given beside {named[0].removeprefix('study or ')}")


def _find(
    request: Request, runs_folder: Path, tracking: TrackingConfig, allowed: list[str]
) -> tuple[list[Recorded], StudyFolder | None]:
    """The trials that are asked for, and the study that they are of, if that is here."""
    if request.file is not None:
        return [read_best(Path(request.file), allowed)], None
    if request.run is not None:
        return [read_run(request.run, runs_folder, tracking, allowed)], None
    study = find_study(runs_folder, request.study_name)
    check_trained(study)
    folders = reproducible(study) if request.all else [find_trial(study, request.trial)]
    if not folders:
        raise UserError(f"study {study.name} has no trial to reproduce: no epoch of any has ended")
    return [read_recorded(folder, f"{study.name}-{folder.path.name}", allowed) for folder in folders], study


def _audit(study: StudyFolder, verdicts: dict[str, Verdict], composed: Composed, screen: Screen) -> None:
    """What has become of all trials of a study, also as a file of it."""
    counts = Counter(verdict.word for verdict in verdicts.values())
    trials = {name: {"verdict": verdict.word, "why": verdict.why} for name, verdict in verdicts.items()}
    content = {"audited": time.strftime("%Y-%m-%d %H:%M:%S"), "command": composed.line, "verdicts": dict(counts),
               "trials": trials}  # fmt: skip
    files.write_json(study.audit, content)
    for name, verdict in verdicts.items():
        if verdict.word != "EXACT":
            screen.say(f"  {name}: {verdict.word}: {verdict.why}")
    others = "".join(f", {counts[word]} {word}" for word in ("WITHIN TOLERANCE", "DIFFERENT") if counts[word])
    screen.say(f"{counts['EXACT']} of {len(verdicts)} EXACT{others}; see {shortest(study.audit)}", style="bold")


def main(composed: Composed) -> tuple[int, Any]:
    """Finds, retrains, compares; exit code 1 for DIFFERENT."""
    known = set(Request.__dataclass_fields__)
    request = check(Request, {key: value for key, value in composed.config.items() if key in known}, "")
    _one_way(request)
    runtime = check(RuntimeConfig, composed.config["runtime"], "runtime")
    check_local(runtime)
    tracking, runs_folder = parse_tracking(composed.config["tracking"]), parse_folder(composed.config["runs_folder"])
    trials, study = _find(request, runs_folder, tracking, composed.trusted)
    first = trials[0]
    what = f"all {len(trials)} trials of {study.name}" if request.all and study else first.name
    at_once = min(len(trials), workers(runtime))
    screen = Screen(f"reproducing {what}", total=len(trials), workers=at_once, kind="run")
    accuracy = "" if request.all else f": {epochs_text(first.epochs)}, val_accuracy {first.metrics['val_accuracy']:.4f}"
    screen.say(f"Reproducing {what}{accuracy}")
    changed = world_differences(first)
    for line in changed:
        screen.say(f"  not as it was: {line}", style="yellow")
    executor = make_executor(runtime)
    description = prepare(first.config, screen.say, transfer=transfer)
    for recorded in trials:
        check_data(recorded.environment["data"]["digests"], description, recorded.name)
    tolerance = seed_tolerance(study) if request.tolerance is None and study else request.tolerance
    recorder = RunRecorder(Tracker(tracking, runs_folder, screen.warn), locks=True)
    batch = Batch(description, composed.trusted, [], composed.line, first.config.data)
    what_for = Retraining(trials, StudyFolder(runs_folder / "reproduce"), runtime, batch, tolerance)
    check_no_search(what_for.study)
    verdicts, code = retrain(what_for, executor, recorder, screen, at_once)
    if code:
        screen.say("interrupted", style="bold")
        return code, None
    if request.all and study:
        _audit(study, verdicts, composed, screen)
    else:
        verdict = verdicts[first.name]
        why = verdict.why if verdict.word == "EXACT" else f"{verdict.why}; {cause(changed)}"
        screen.say(f"{verdict.word}: {why}", style="bold")
    return int(any(verdict.word == "DIFFERENT" for verdict in verdicts.values())), None
