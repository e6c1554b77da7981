"""`mnist-sweep reproduce`: retrains trials from their stored configuration alone and compares every bit."""

from pathlib import Path
from typing import Any

from mnist_sweep.cli.requests import ReproduceRequest, reproduce_request
from mnist_sweep.cli.screen import Screen, transfer
from mnist_sweep.config import UserError
from mnist_sweep.config.composed import Composed
from mnist_sweep.execution import make_executor
from mnist_sweep.execution.jobs import Batch, prepare, shortest, workers
from mnist_sweep.reproduce.audit import write_audit
from mnist_sweep.reproduce.retraining import Retraining, retrain
from mnist_sweep.reproduce.verdict import (
    Verdict,
    cause,
    environment_differences,
    epochs_text,
    read_run,
    seed_tolerance,
)
from mnist_sweep.results.locate import find_study, find_trial
from mnist_sweep.results.recorded import (
    RecordedTrial,
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


def _find(request: ReproduceRequest, trusted: list[str]) -> tuple[list[RecordedTrial], StudyFolder | None]:
    """Returns the requested trials, and their study if it is in the runs folder."""
    what = request.what
    if what.file is not None:
        return [read_best(Path(what.file), trusted)], None
    if what.run is not None:
        return [read_run(what.run, request.runs_folder, request.tracking, trusted)], None
    study = find_study(request.runs_folder, what.study_name)
    check_trained(study)
    folders = reproducible(study) if what.all else [find_trial(study, what.trial)]
    if not folders:
        raise UserError(f"study {study.name} has no trial to reproduce: no epoch of any has ended")
    return [read_recorded(folder, f"{study.name}-{folder.path.name}", trusted) for folder in folders], study


def _audit(study: StudyFolder, verdicts: dict[str, Verdict], line: str, screen: Screen) -> None:
    """Shows the verdicts on all trials of a study, and writes them into its folder."""
    audit = write_audit(study.audit, verdicts, line)
    for name, verdict in verdicts.items():
        if verdict.word != "EXACT":
            screen.say(f"  {name}: {verdict.word}: {verdict.why}")
    screen.say(f"{audit.text}; see {shortest(study.audit)}", style="bold")


def main(composed: Composed) -> tuple[int, Any]:
    """Finds, retrains and compares trials; exit code 1 for DIFFERENT."""
    request = reproduce_request(composed)
    runtime, asked = request.runtime, request.what
    check_local(runtime)
    trials, study = _find(request, composed.trusted)
    first = trials[0]
    what = f"all {len(trials)} trials of {study.name}" if asked.all and study else first.name
    at_once = min(len(trials), workers(runtime))
    screen = Screen(f"reproducing {what}", total=len(trials), workers=at_once, kind="run")
    accuracy = "" if asked.all else f": {epochs_text(first.epochs)}, val_accuracy {first.metrics['val_accuracy']:.4f}"
    screen.say(f"Reproducing {what}{accuracy}")
    changed = environment_differences(first)
    for line in changed:
        screen.say(f"  not as it was: {line}", style="yellow")
    executor = make_executor(runtime)
    description = prepare(first.config, screen.say, transfer=transfer)
    for recorded in trials:
        check_data(recorded.environment.data.digests, description, recorded.name)
    tolerance = seed_tolerance(study) if asked.tolerance is None and study else asked.tolerance
    recorder = RunRecorder(Tracker(request.tracking, request.runs_folder, screen.warn), locks=True)
    batch = Batch(description, composed.trusted, [], composed.line, first.config.data)
    what_for = Retraining(trials, StudyFolder(request.runs_folder / "reproduce"), runtime, batch, tolerance)
    check_no_search(what_for.study)
    verdicts, code = retrain(what_for, executor, recorder, screen, at_once)
    if code:
        screen.say("interrupted", style="bold")
        return code, None
    if asked.all and study:
        _audit(study, verdicts, composed.line, screen)
    else:
        verdict = verdicts[first.name]
        why = verdict.why if verdict.word == "EXACT" else f"{verdict.why}; {cause(changed)}"
        screen.say(f"{verdict.word}: {why}", style="bold")
    return int(any(verdict.word == "DIFFERENT" for verdict in verdicts.values())), None
