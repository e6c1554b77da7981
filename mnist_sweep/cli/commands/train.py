"""`mnist-sweep train`: one trial, recorded like those of a sweep."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mnist_sweep.cli.requests import train_request
from mnist_sweep.cli.screen import Screen, transfer
from mnist_sweep.config import TrialConfig
from mnist_sweep.config.compose import key_of
from mnist_sweep.config.composed import Composed
from mnist_sweep.config.metrics import PRIMARY, best_name
from mnist_sweep.execution import make_executor
from mnist_sweep.execution.executor import Job
from mnist_sweep.execution.interrupts import interrupt_of
from mnist_sweep.execution.job_folder import folder_of, next_folder
from mnist_sweep.execution.jobs import Batch, TrialRequest, make_job, prepare, shortest
from mnist_sweep.execution.progress import Progress
from mnist_sweep.execution.recorded_runs import RecordedRuns, Shown
from mnist_sweep.execution.runner import run_jobs
from mnist_sweep.storage.folders import StudyFolder, TrialFolder
from mnist_sweep.storage.identity import check_no_search
from mnist_sweep.storage.run_record import RunDescription, RunKind
from mnist_sweep.storage.state import StateFile, TrialState
from mnist_sweep.tracking import Tracker
from mnist_sweep.tracking.run_recorder import RunRecorder

METRIC = best_name(PRIMARY)


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
    """

    job: Job
    config: TrialConfig
    name: str
    overrides: Mapping[str, str]
    line: str
    executor: str


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
        )

    def show(self, job: Job) -> Shown:  # noqa: ARG002
        """Returns the overrides."""
        return Shown(self.training.overrides, self.training.config.train.epochs)

    def conclude(self, job: Job, result: Mapping[str, Any]) -> tuple[StateFile, str]:
        """Returns the state and the last validation accuracy."""
        self.result = result
        return StateFile(job.number, TrialState.COMPLETE), f"{PRIMARY} {result['metrics'][PRIMARY]:.4f}"

    def fail(self, job: Job, reason: str) -> tuple[StateFile, str]:
        """Returns the state and the reason."""
        self.reason = reason
        return StateFile(job.number, TrialState.FAIL, reason), reason

    def leave(self, job: Job) -> StateFile:
        """Returns the state of an interrupted trial."""
        return StateFile(job.number, TrialState.INTERRUPTED, "interrupted")


def _report(screen: Screen, folder: TrialFolder, result: Mapping[str, Any]) -> None:
    metrics = result["metrics"]
    screen.say(
        f"{PRIMARY} {metrics[PRIMARY]:.4f} at the end, {metrics[METRIC]:.4f} at best (epoch "
        f"{metrics['best_epoch']}); {int(metrics['parameters']):,} parameters, "
        f"{metrics['images_per_second']:,.0f} images per second"
    )
    digest = result["weights_digest"][:16]
    screen.say(f"weights digest {digest}; folder {shortest(folder.path)}; browse: mnist-sweep ui")


def main(composed: Composed) -> tuple[int, Any]:
    """Trains one network; returns its best val_accuracy to Hydra, for the sweepers of others."""
    around = train_request(composed)
    config, overrides = around.config, around.overrides
    executor = make_executor(around.runtime)
    screen = Screen("training", total=1)
    description = prepare(config, screen.say, transfer=transfer)
    study = StudyFolder(around.runs_folder / (around.study.name or "train"))
    check_no_search(study)
    number, folder = next_folder(study)
    batch = Batch(description, composed.trusted, composed.flags, composed.line, config.data)
    job = make_job(TrialRequest(number, config, overrides, folder, keep_model=True), batch)
    name = around.experiment or f"{config.model.name}-{config.data.split.name}"
    tried = {key_of(override): override.partition("=")[2] for override in overrides}
    training = Training(job, config, f"{name}-{number:04d}", tried, composed.line, around.runtime.executor)
    recorder = RunRecorder(Tracker(around.tracking, around.runs_folder, screen.warn), locks=True)
    trial = SingleTrial(training, recorder, screen)
    try:
        code = run_jobs(executor, trial, 1, screen)
    finally:
        if not recorder.close():
            uri = recorder.tracker.uri
            screen.warn(
                f"tracking is behind in {uri}: {folder.path} is complete, `mnist-sweep sync` brings it up to date"
            )
    if trial.result is not None:
        _report(screen, folder, trial.result)
        return 0, trial.result["metrics"][METRIC]
    if code:  # the other jobs of a multirun must not begin
        raise interrupt_of(code)
    screen.say(f"Failed: {trial.reason}. Everything that it printed: {shortest(folder.log)}", style="red")
    return 1, None
