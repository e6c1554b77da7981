"""A reproduction from the recorded trials to their verdicts: what `mnist-sweep reproduce` and `Trial.reproduce` do."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mnist_sweep.config.image_classifier import ImageClassifierConfig
from mnist_sweep.config.runtime_settings import RuntimeConfig
from mnist_sweep.config.settings import TrackingConfig
from mnist_sweep.config.task import build_task
from mnist_sweep.execution import make_executor
from mnist_sweep.execution.jobs import Batch, shortest, workers
from mnist_sweep.execution.progress import Progress, Scope
from mnist_sweep.execution.ready import check_ready
from mnist_sweep.reproduce.audit import write_audit
from mnist_sweep.reproduce.retraining import Retraining, retrain
from mnist_sweep.reproduce.verdict import (
    Likeness,
    Verdict,
    cause,
    environment_differences,
    epochs_text,
    primary_metric,
    seed_tolerance,
)
from mnist_sweep.results.recorded import RecordedTrial, check_data
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.identity import check_no_search
from mnist_sweep.storage.test_set_log import Purpose, open_for
from mnist_sweep.tasks.data import Transfer, prepare
from mnist_sweep.tracking import Tracker
from mnist_sweep.tracking.run_recorder import RunRecorder


@dataclass(frozen=True)
class Reproducing:
    """What is retrained, and how.

    Attributes:
        trials: The trials as they were recorded.
        study: Their study, None for trials from elsewhere.
        is_audit: Whether they are all trials of the study.
        tolerance: How far the primary metric may be off, None for what chance does.
        runtime: Where they run.
        tracking: Where MLflow is.
        runs_folder: Where the reproductions are kept.
        trusted: The modules whose functions a configuration may name.
        line: The command line.
    """

    trials: Sequence[RecordedTrial]
    study: StudyFolder | None
    is_audit: bool
    tolerance: float | None
    runtime: RuntimeConfig
    tracking: TrackingConfig
    runs_folder: Path
    trusted: Sequence[str]
    line: str


def _audit(study: StudyFolder, verdicts: dict[str, Verdict], line: str, screen: Progress) -> None:
    """Shows the verdicts on all trials of a study, and writes them into its folder."""
    audit = write_audit(study.audit, verdicts, line)
    for name, verdict in verdicts.items():
        if verdict.verdict != Likeness.EXACT:
            screen.say(f"  {name}: {verdict.verdict}: {verdict.why}")
    screen.say(f"{audit.text}; see {shortest(study.audit)}", style="bold")


def reproduce(what: Reproducing, screen: Progress, transfer: Transfer) -> tuple[int, dict[str, Verdict]]:
    """Retrains trials and compares each with what was recorded of it.

    Args:
        what: The trials, and how they are retrained.
        screen: Shows what happens.
        transfer: Shows a download.

    Returns:
        The exit code, 1 if a trial is DIFFERENT, and the verdicts by the trials' names.

    Raises:
        UserError: The data here are other ones.
    """
    trials, study = what.trials, what.study if what.is_audit else None
    first = trials[0]
    name = f"all {len(trials)} trials of {study.name}" if study else first.name
    at_once = min(len(trials), workers(what.runtime))
    primary = primary_metric(first)
    screen.begin(Scope(f"reproducing {name}", primary, len(trials), at_once, kind="run"))
    reached = "" if study else f": {epochs_text(first.epochs)}, {primary} {first.metrics[primary]:.4f}"
    screen.say(f"Reproducing {name}{reached}")
    changed = environment_differences(first)
    for line in changed:
        screen.say(f"  not as it was: {line}", style="yellow")
    description = prepare(first.config, screen.say, transfer=transfer)
    for recorded in trials:
        check_data(recorded.environment.data.digests, description, recorded.name)
    check_ready(first.config, list(what.trusted), what.runtime)
    tolerance = seed_tolerance(what.study, primary) if what.tolerance is None and what.study else what.tolerance
    recorder = RunRecorder(Tracker(what.tracking, what.runs_folder, screen.warn), locks=True)
    batch = Batch(first.config, description, what.trusted, [], what.line)
    retraining = Retraining(trials, StudyFolder(what.runs_folder / "reproduce"), what.runtime, batch, tolerance)
    check_no_search(retraining.study)
    if any(isinstance(one.config, ImageClassifierConfig) and one.config.opens_test_images for one in trials):
        open_for(what.study or retraining.study, [], 1, what.line, Purpose.REPRODUCE)
    executor = make_executor(what.runtime, build_task(first.config.task))
    verdicts, code = retrain(retraining, executor, recorder, screen, at_once)
    if code:
        screen.say("interrupted", style="bold")
        return code, verdicts
    if study:
        _audit(study, verdicts, what.line, screen)
    else:
        verdict = verdicts[first.name]
        is_explained = verdict.verdict == Likeness.EXACT or verdict.has_failed
        why = verdict.why if is_explained else f"{verdict.why}; {cause(changed)}"
        screen.say(f"{verdict.verdict}: {why}", style="bold")
    return int(any(verdict.verdict == Likeness.DIFFERENT for verdict in verdicts.values())), verdicts
