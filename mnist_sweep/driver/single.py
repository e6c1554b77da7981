"""A single trial, recorded like those of a sweep: what `mnist-sweep train` and `mnist_sweep.train` do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mnist_sweep.config import TrialConfig, UserError, parse_trial
from mnist_sweep.config.commands import study_command
from mnist_sweep.config.compose import key_of, of_a_trial
from mnist_sweep.config.composed import Composed
from mnist_sweep.config.image_classifier import ImageClassifierConfig
from mnist_sweep.config.metrics import MetricTable, best_name
from mnist_sweep.config.runtime_settings import RuntimeConfig
from mnist_sweep.config.settings import TrackingConfig, parse_surroundings
from mnist_sweep.config.study_settings import StudyConfig
from mnist_sweep.config.task import build_task, metric_table
from mnist_sweep.execution import make_executor
from mnist_sweep.execution.executor import Job
from mnist_sweep.execution.interrupts import interrupt_of
from mnist_sweep.execution.job_folder import folder_of, next_folder
from mnist_sweep.execution.jobs import Batch, TrialRequest, make_job, shortest
from mnist_sweep.execution.progress import Progress, Scope
from mnist_sweep.execution.ready import check_ready
from mnist_sweep.execution.recorded_runs import RecordedRuns, Shown
from mnist_sweep.execution.runner import run_jobs
from mnist_sweep.formatting import fenced
from mnist_sweep.storage.folders import StudyFolder, TrialFolder
from mnist_sweep.storage.identity import check_no_search
from mnist_sweep.storage.run_record import RunDescription, RunKind
from mnist_sweep.storage.state import StateFile, TrialState
from mnist_sweep.storage.test_set_log import Purpose, open_for
from mnist_sweep.tasks.data import Transfer, prepare
from mnist_sweep.tracking import Tracker
from mnist_sweep.tracking.run_recorder import RunRecorder

AS_RECORDED = ("experiment", "study.seed", "data.path")  # overrides with which an experiment is what was recorded


@dataclass(frozen=True)
class Training:
    """The one trial: its job, its configuration, and what its run is called.

    Attributes:
        job: The trial as a job.
        config: Its configuration.
        name: The name of its run: its experiment, or its model and data, and its number.
        overrides: Its overrides, by key.
        line: The command line.
        executor: `runtime.executor`.
        note, tags: A person's own, for MLflow.
        curve: What is shown of it: the primary curve of its task, or the metric that is searched for.
    """

    job: Job
    config: TrialConfig
    name: str
    overrides: Mapping[str, str]
    line: str
    executor: str
    curve: str
    note: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


class SingleTrial(RecordedRuns):
    """One trial as a source of jobs.

    Attributes:
        result: Its result, once it is complete.
        reason: Why it has failed, once it has.
    """

    def __init__(self, training: Training, recorder: RunRecorder, progress: Progress) -> None:
        super().__init__(recorder, progress)
        self.training = training
        self.result: Mapping[str, Any] | None = None
        self.reason = ""
        self._jobs = [training.job]

    def next_job(self) -> Job | None:
        """Returns the trial, once."""
        return self._jobs.pop() if self._jobs else None

    def describe(self, job: Job) -> RunDescription:
        """Returns the trial for its record."""
        training, folder = self.training, folder_of(job)
        return RunDescription(
            kind=RunKind.TRAIN,
            name=training.name,
            study=folder.path.parent.parent.name,
            folder=folder.path,
            command=training.line,
            started_by=training.line,
            config=job.config,
            data=job.settings["data"],
            executor=training.executor,
            trial=job.number,
            searched=list(training.overrides),
            note=f"{training.note}\n\n{fenced(training.line)}" if training.note else None,
            tags=training.tags,
        )

    def show(self, job: Job) -> Shown:  # noqa: ARG002
        """Returns the overrides."""
        return Shown(self.training.overrides, self.training.config.epochs or 0)

    def conclude(self, job: Job, result: Mapping[str, Any]) -> tuple[StateFile, str]:
        """Returns the state and the last value of the curve that is shown."""
        self.result = result
        metrics = result["metrics"]
        text = _values(metrics, [self.training.curve]) or _values(metrics, list(metrics)[:1])
        return StateFile(job.number, TrialState.COMPLETE), text

    def fail(self, job: Job, reason: str) -> tuple[StateFile, str]:
        """Returns the state and the reason."""
        self.reason = reason
        return StateFile(job.number, TrialState.FAIL, reason), reason

    def leave(self, job: Job) -> StateFile:
        """Returns the state of an interrupted trial."""
        return StateFile(job.number, TrialState.INTERRUPTED, "interrupted")


def _values(metrics: Mapping[str, float], names: Iterable[str]) -> str:
    return ", ".join(f"{name} {metrics[name]:.4f}" for name in names if name in metrics)


def _report(screen: Progress, folder: TrialFolder, result: Mapping[str, Any], table: MetricTable) -> None:
    metrics, primary = result["metrics"], table.primary
    if primary is not None and {primary, best_name(primary)} <= set(metrics):
        line = f"{_values(metrics, [primary])} at the end, {metrics[best_name(primary)]:.4f} at best (epoch "
        line += f"{metrics['best_epoch']})"
        if "images_per_second" in metrics:
            line += (
                f"; {int(metrics['parameters']):,} parameters, {metrics['images_per_second']:,.0f} images per second"
            )
    else:
        line = _values(metrics, metrics)
    screen.say(line)
    what = "weights" if "parameters" in metrics else "result"
    browse = study_command("ui", None, runs_folder=shortest(folder.path.parents[2]))
    digest = result["weights_digest"][:16]
    screen.say(f"{what} digest {digest}; folder {shortest(folder.path)}; browse: {browse}")


def _curve(table: MetricTable, composed: Composed) -> str:
    """The curve that is shown of a trial: the task's primary one, or what a search is told to look for."""
    search = composed.config.get("search")
    asked = search.get("metric") if isinstance(search, dict) else None
    return table.primary or (asked if isinstance(asked, str) else "")


@dataclass(frozen=True)
class TrainRequest:
    """Of `train`: a configuration, the overrides that make it, and where it runs."""

    config: TrialConfig
    overrides: list[str]
    runtime: RuntimeConfig
    study: StudyConfig
    tracking: TrackingConfig
    runs_folder: Path
    experiment: str | None


def train_request(composed: Composed) -> TrainRequest:
    """Returns what `train` is asked for; raises UserError."""
    around = parse_surroundings(composed.config, composed.trusted)
    if around.study.on_event is not None:
        raise UserError(
            "study.on_event is of a search: `mnist-sweep sweep` tells a command what happens, train does not"
        )
    config = parse_trial(composed.config, composed.trusted)
    overrides = [override for override in composed.overrides if of_a_trial(override)]
    if composed.config.get("search") and "study.name" not in map(key_of, composed.overrides):
        # An experiment or a file with a search names the study of that search, to which single trials can't be added.
        around = replace(around, study=replace(around.study, name=None))
    return TrainRequest(config, overrides, **vars(around), experiment=composed.choices.get("experiment"))


def _purpose(request: TrainRequest) -> Purpose:
    """Returns what the test images are opened for: a replay is of an experiment as it was recorded."""
    changed = [key for override in request.overrides if (key := key_of(override)) not in AS_RECORDED]
    return Purpose.REPLAY if request.experiment and not changed else Purpose.TRAIN


@dataclass(frozen=True)
class Trained:
    """What has become of a trial.

    Attributes:
        code: The exit code.
        value: The best value of its primary curve, None where it has failed.
        folder: Its folder.
    """

    code: int
    value: float | None
    folder: TrialFolder


def train(composed: Composed, screen: Progress, transfer: Transfer) -> Trained:
    """Runs one trial.

    Args:
        composed: Its configuration.
        screen: Shows what happens.
        transfer: Shows a download.

    Raises:
        UserError: The configuration is wrong; nothing has been trained.
        KeyboardInterrupt: It was interrupted.
    """
    around = train_request(composed)
    config, overrides = around.config, around.overrides
    task = build_task(config.task)
    table = metric_table(task, config.plain())
    curve = _curve(table, composed)
    screen.begin(Scope("training", curve, 1))
    description = prepare(config, screen.say, transfer=transfer)
    study = StudyFolder(around.runs_folder / (around.study.name or "train"))
    check_no_search(study)
    check_ready(config, composed.trusted, around.runtime)
    executor = make_executor(around.runtime, task)
    number, folder = next_folder(study)
    batch = Batch(config, description, composed.trusted, composed.flags, composed.line)
    job = make_job(TrialRequest(number, config, overrides, folder, keep_model=True), batch)
    if isinstance(config, ImageClassifierConfig) and config.opens_test_images:
        open_for(study, [number], 1, composed.line, _purpose(around))
    name = around.experiment or config.title
    tried = {key_of(override): override.partition("=")[2] for override in overrides}
    training = Training(job, config, f"{name}-{number:04d}", tried, composed.line, around.runtime.executor, curve,
                        around.study.note, around.study.tags)  # fmt: skip
    recorder = RunRecorder(Tracker(around.tracking, around.runs_folder, screen.warn), locks=True)
    trial = SingleTrial(training, recorder, screen)
    try:
        code = run_jobs(executor, trial, 1, screen)
    finally:
        if not recorder.close():
            uri = recorder.tracker.uri
            sync = study_command("sync", None, runs_folder=shortest(around.runs_folder))
            screen.warn(f"tracking is behind in {uri}: {folder.path} is complete; bring it up to date with: {sync}")
    if trial.result is not None:
        metrics = trial.result["metrics"]
        _report(screen, folder, trial.result, table)
        return Trained(0, metrics.get(best_name(curve), metrics.get(curve)), folder)
    if code:  # the other jobs of a multirun must not begin
        raise interrupt_of(code)
    screen.say(f"Failed: {trial.reason}. Everything that it printed: {shortest(folder.log)}", style="red")
    return Trained(1, None, folder)
