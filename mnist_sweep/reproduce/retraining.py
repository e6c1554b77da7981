"""Trials that are retrained from their stored configuration, each in a folder of its own, with its verdict."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mnist_sweep.config.runtime_settings import RuntimeConfig
from mnist_sweep.execution.executor import Executor, Job
from mnist_sweep.execution.job_folder import folder_of, next_folder
from mnist_sweep.execution.jobs import Batch, TrialRequest, make_job, shortest
from mnist_sweep.execution.progress import Progress
from mnist_sweep.execution.recorded_runs import RecordedRuns, Shown
from mnist_sweep.execution.runner import run_jobs
from mnist_sweep.reproduce.verdict import (
    Likeness,
    Verdict,
    compare,
    default_tolerance,
    environment_differences,
    primary_metric,
)
from mnist_sweep.results.recorded import RecordedTrial
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.run_record import RunDescription, RunKind
from mnist_sweep.storage.state import StateFile, TrialState
from mnist_sweep.tracking.run_recorder import RunRecorder


@dataclass(frozen=True)
class Retraining:
    """What is retrained, and how.

    Attributes:
        trials: The trials as they were recorded.
        study: The folder of reproductions.
        runtime: Where they run.
        batch: What they have in common.
        tolerance: How far the last value of the primary curve may be off (val_accuracy), None for what chance alone
            does to an accuracy on as many images.
    """

    trials: Sequence[RecordedTrial]
    study: StudyFolder
    runtime: RuntimeConfig
    batch: Batch
    tolerance: float | None


class Retrainings(RecordedRuns):
    """The retrainings of one call, as a source of jobs.

    Attributes:
        verdicts: The verdict on each trial that has ended, by the trial's name.
    """

    def __init__(self, what: Retraining, recorder: RunRecorder, progress: Progress) -> None:
        super().__init__(recorder, progress)
        self.what = what
        self.recorded: dict[int, RecordedTrial] = {}
        self.verdicts: dict[str, Verdict] = {}
        self._jobs = self._made()

    def _made(self) -> Iterator[Job]:
        for recorded in self.what.trials:
            number, folder = next_folder(self.what.study)
            self.recorded[number] = recorded
            request = TrialRequest(
                number,
                recorded.config,
                recorded.overrides,
                folder,
                stop_after=recorded.epochs,
                was_stopped=bool(recorded.environment.stopped),
                kernels=recorded.environment.trained_with,
                machine_class=recorded.environment.machine_class,
            )
            yield make_job(request, self.what.batch)

    def next_job(self) -> Job | None:
        """Returns the next retraining, None where there is none."""
        return next(self._jobs, None)

    def describe(self, job: Job) -> RunDescription:
        """Returns a retraining for its record."""
        recorded = self.recorded[job.number]
        note = f"Reproduces {recorded.name}"
        if recorded.run_id and recorded.experiment_id:
            note += f": [its run](#/experiments/{recorded.experiment_id}/runs/{recorded.run_id})"
        return RunDescription(
            kind=RunKind.REPRODUCTION,
            name=f"reproduce-{recorded.name}",
            study=self.what.study.name,
            folder=folder_of(job).path,
            command=self.what.batch.line,
            started_by=self.what.batch.line,
            config=recorded.config.plain(),
            data=job.settings["data"],
            executor=self.what.runtime.executor,
            trial=job.number,
            note=note,
            tags={"reproduces": recorded.name, "reproduces_run": recorded.run_id or ""},
        )

    def show(self, job: Job) -> Shown:
        """Returns the name of the trial that is reproduced."""
        recorded = self.recorded[job.number]
        return Shown({"reproduces": recorded.name}, recorded.epochs)

    def conclude(self, job: Job, result: Mapping[str, Any]) -> tuple[StateFile, str]:
        """Returns the state with the verdict, and the verdict in words."""
        recorded, tolerance = self.recorded[job.number], self.what.tolerance
        primary, images = primary_metric(recorded), self.what.batch.description.validation_images
        if tolerance is None:
            tolerance = default_tolerance(recorded.metrics[primary], images) if images else 0.0
        verdict = compare(recorded, result, folder_of(job), tolerance)
        text = f"{recorded.name}: {verdict.verdict}" + ("" if verdict.verdict == Likeness.EXACT else f", {verdict.why}")
        return self._judged(job, TrialState.COMPLETE, verdict), text

    def fail(self, job: Job, reason: str) -> tuple[StateFile, str]:
        """Returns the state with the verdict DIFFERENT, and the reason."""
        verdict = Verdict(Likeness.DIFFERENT, f"it failed: {reason}", has_failed=True)
        state = replace(self._judged(job, TrialState.FAIL, verdict), reason=verdict.why)
        return state, f"{verdict.why}; see {shortest(folder_of(job).log)}"

    def _judged(self, job: Job, state: TrialState, verdict: Verdict) -> StateFile:
        recorded = self.recorded[job.number]
        self.verdicts[recorded.name] = verdict
        return StateFile(
            job.number,
            state,
            reproduces=recorded.name,
            verdict=verdict.verdict,
            why=verdict.why,
            not_as_it_was=environment_differences(recorded),
        )

    def leave(self, job: Job) -> StateFile:
        """Returns the state of an interrupted retraining."""
        return StateFile(job.number, TrialState.INTERRUPTED, "interrupted")


def retrain(
    what: Retraining, executor: Executor, recorder: RunRecorder, progress: Progress, at_once: int
) -> tuple[dict[str, Verdict], int]:
    """Retrains trials and compares each with what was recorded of it.

    Returns:
        The verdicts by the trials' names, and the exit code of an interrupt if not all trials have one, else 0.
    """
    with what.batch.memory() as shared:
        source = Retrainings(replace(what, batch=replace(what.batch, shared=shared)), recorder, progress)
        try:
            code = run_jobs(executor, source, at_once, progress)
        finally:
            if not recorder.close():
                uri = recorder.tracker.uri
                progress.warn(f"tracking is behind in {uri}: `mnist-sweep sync` brings it up to date")
    return source.verdicts, code if len(source.verdicts) < len(what.trials) else 0
