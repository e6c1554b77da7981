"""`mnist-sweep reproduce`: retrains trials from their stored configuration alone and compares every bit."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from filelock import FileLock
from pydantic import Field
from pydantic.dataclasses import dataclass

from mnist_sweep import files
from mnist_sweep.cli.screen import Screen
from mnist_sweep.config import UserError
from mnist_sweep.config.check import check
from mnist_sweep.config.composed import Composed
from mnist_sweep.config.flatten import flatten
from mnist_sweep.config.schema import CONFIG, Bool, Int, NotNegative
from mnist_sweep.config.settings import RuntimeConfig, TrackingConfig, parse_folder, parse_tracking
from mnist_sweep.execution import Done, Epoch, Event, Executor, Failed, Job, make_executor
from mnist_sweep.execution.jobs import images, make_job, next_folder, prepare, shortest, workers
from mnist_sweep.execution.runner import run_watched
from mnist_sweep.provenance import source_tags
from mnist_sweep.reproduce.verdict import (
    Verdict,
    cause,
    compare,
    default_tolerance,
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
from mnist_sweep.storage.folders import StudyFolder, TrialFolder
from mnist_sweep.storage.run_record import RunRecord
from mnist_sweep.tasks.image_classifier.data import Description
from mnist_sweep.tracking import Tracker


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


class Reproduction:
    """Trials that are retrained, each in a folder of its own, with its MLflow run and its verdict."""

    def __init__(
        self, tracker: Tracker, screen: Screen, composed: Composed, description: Description, tolerance: float | None
    ) -> None:
        self.tracker = tracker
        self.screen = screen
        self.composed = composed
        self.description = description
        self.tolerance = tolerance
        self.shared: dict[str, Any] | None = None  # the images of the first trial's data set
        self.recorded: dict[int, Recorded] = {}
        self.folders: dict[int, TrialFolder] = {}
        self.began: dict[int, float] = {}
        self.locks: dict[int, FileLock] = {}  # one that is free tells `sync` that nobody is at work any more
        self.verdicts: dict[str, Verdict] = {}

    def jobs(self, trials: list[Recorded], study: StudyFolder) -> Iterator[Job]:
        """A job for each of the trials, made when it is wanted."""
        for recorded in trials:
            number, folder = next_folder(study)
            self.recorded[number], self.folders[number] = recorded, folder
            yield make_job(
                number,
                recorded.config,
                recorded.overrides,
                folder,
                self.description,
                self.composed.trusted,
                [],
                self.composed.line,
                keep_model=False,
                stop_after=recorded.epochs,
                shared=self.shared if recorded.config.data == trials[0].config.data else None,
            )

    def happened(self, event: Job | Event) -> None:
        """A trial begins, goes on, or ends."""
        if isinstance(event, Job):
            self._begin(event)
        elif isinstance(event, Epoch):
            self.screen.epoch(event.number, event.row)
            self.tracker.epoch(self.folders[event.number], event.row)
        elif isinstance(event, Failed):
            self._end(event.number, "FAIL", Verdict("DIFFERENT", f"it failed: {event.reason}"))
        elif isinstance(event, Done):
            recorded, folder = self.recorded[event.number], self.folders[event.number]
            tolerance = self.tolerance
            if tolerance is None:
                images = self.description.validation_images
                tolerance = default_tolerance(recorded.metrics["val_accuracy"], images)
            self._end(event.number, "COMPLETE", compare(recorded, event.result, folder, tolerance))

    def _begin(self, job: Job) -> None:
        recorded, folder = self.recorded[job.number], self.folders[job.number]
        link = f"Reproduces {recorded.name}"
        if recorded.run_id and recorded.experiment_id:
            link += f": [its run](#/experiments/{recorded.experiment_id}/runs/{recorded.run_id})"
        tags = {"kind": "reproduction", "trial": str(job.number), "study": "reproduce", "state": "RUNNING",
                "folder": str(folder.path.absolute()), "command": self.composed.line, "reproduces": recorded.name,
                "reproduces_run": recorded.run_id or "", "mlflow.note.content": link,
                **source_tags(self.composed.line)}  # fmt: skip
        self.began[job.number] = time.time()
        self.locks[job.number] = FileLock(folder.lock)
        self.locks[job.number].acquire()
        params = flatten(recorded.config.plain())
        data = self.description.plain()
        RunRecord(f"reproduce-{recorded.name}", params, [], tags, data, self.began[job.number]).write(folder.record)
        self.screen.started(job.number, {"reproduces": recorded.name}, recorded.epochs)
        self.tracker.start_trial(folder)

    def _end(self, number: int, state: str, verdict: Verdict) -> None:
        recorded, folder = self.recorded[number], self.folders[number]
        self.verdicts[recorded.name] = verdict
        self._write(number, state, None if state == "COMPLETE" else verdict.why, {
            "reproduces": recorded.name, "verdict": verdict.word, "why": verdict.why,
            "not_as_it_was": world_differences(recorded)})  # fmt: skip
        what = f"{recorded.name}: {verdict.word}" + ("" if verdict.word == "EXACT" else f", {verdict.why}")
        self.screen.ended(number, state, what if state == "COMPLETE" else f"{verdict.why}; see {shortest(folder.log)}")

    def _write(self, number: int, state: str, reason: str | None, more: dict[str, Any]) -> None:
        content = {"trial": number, "state": state, "reason": reason, "started": self.began.pop(number),
                   "ended": time.time(), **more}  # fmt: skip
        files.write_json(self.folders[number].state, content)
        self.locks.pop(number).release()
        self.tracker.finish_trial(self.folders[number])

    def leave(self) -> None:
        """Notes what has begun and not ended."""
        for number in list(self.began):
            self._write(number, "INTERRUPTED", "interrupted", {})


def _run(reproduction: Reproduction, trials: list[Recorded], study: StudyFolder, executor: Executor) -> int:
    """Retrains them; gives the exit code if it was interrupted, else 0."""
    try:
        jobs = reproduction.jobs(trials, study)
        code = run_watched(executor, jobs, reproduction.screen, reproduction.happened, reproduction.leave)
    finally:
        if not reproduction.tracker.close():
            reproduction.screen.warn(
                f"tracking is behind in {reproduction.tracker.uri}: `mnist-sweep sync` brings it up"
            )
    return code if len(reproduction.verdicts) < len(trials) else 0


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
    screen = Screen(f"reproducing {what}", "val_accuracy", len(trials), at_once, kind="run")
    accuracy = "" if request.all else f": {epochs_text(first.epochs)}, val_accuracy {first.metrics['val_accuracy']:.4f}"
    screen.say(f"Reproducing {what}{accuracy}")
    changed = world_differences(first)
    for line in changed:
        screen.say(f"  not as it was: {line}", style="yellow")
    executor = make_executor(runtime)
    description = prepare(first.config, screen.say)
    for recorded in trials:
        check_data(recorded.environment["data"]["digests"], description, recorded.name)
    tolerance = seed_tolerance(study) if request.tolerance is None and study else request.tolerance
    tracker = Tracker(tracking, runs_folder, screen.warn)
    reproduction = Reproduction(tracker, screen, composed, description, tolerance)
    with images(runtime, first.config, description) as reproduction.shared:
        code = _run(reproduction, trials, StudyFolder(runs_folder / "reproduce"), executor)
    if code:
        screen.say("interrupted", style="bold")
        return code, None
    if request.all and study:
        _audit(study, reproduction.verdicts, composed, screen)
    else:
        verdict = reproduction.verdicts[first.name]
        why = verdict.why if verdict.word == "EXACT" else f"{verdict.why}; {cause(changed)}"
        screen.say(f"{verdict.word}: {why}", style="bold")
    return int(any(verdict.word == "DIFFERENT" for verdict in reproduction.verdicts.values())), None
