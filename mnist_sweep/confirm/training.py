"""Training the runs of `mnist-sweep confirm`: the source of jobs, and what is said before and after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mnist_sweep.config.runtime_settings import RuntimeConfig
from mnist_sweep.config.task import build_task
from mnist_sweep.confirm.finalists import Finalist
from mnist_sweep.confirm.runs import NextRuns, Run, value_of
from mnist_sweep.execution import make_executor
from mnist_sweep.execution.executor import Job
from mnist_sweep.execution.jobs import Batch, TrialRequest, make_job
from mnist_sweep.execution.progress import Progress
from mnist_sweep.execution.recorded_runs import RecordedRuns, Shown
from mnist_sweep.execution.runner import run_jobs
from mnist_sweep.results.recorded import check_data
from mnist_sweep.storage.environment import kernels_of, machine_class_of, read_environment
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.run_record import RunDescription, RunKind
from mnist_sweep.storage.state import StateFile, TrialState
from mnist_sweep.storage.test_set_log import open_for
from mnist_sweep.tasks.data import Transfer, prepare
from mnist_sweep.tracking.run_recorder import RunRecorder


class FinalistRuns(RecordedRuns):
    """The runs of one call of `mnist-sweep confirm`, as a source of jobs."""

    goes_on = True
    streams_epochs = False  # what MLflow shows of these runs is of the test images: it is written at their end

    def __init__(
        self, study: StudyFolder, next_runs: NextRuns, runtime: RuntimeConfig, batch: Batch, recorder: RunRecorder,
        progress: Progress,
    ) -> None:  # fmt: skip
        super().__init__(recorder, progress)
        self.study = study
        self.next_runs = next_runs
        self.runtime = runtime
        self.batch = batch
        self.runs: list[Run] = []
        self._given = 0
        self._running: set[int] = set()
        self._kernels, self._machine_class = kernels_of(study), machine_class_of(study)

    def next_job(self) -> Job | None:
        """Returns the next run, None where there is none, or none before those that run have ended."""
        if self._given == len(self.runs) and not self._running:
            self.runs += self.next_runs()
        if self._given == len(self.runs):
            return None
        number = self._given
        self._given += 1
        self._running.add(number)
        run = self.runs[number]
        overrides = run.finalist.seeded_overrides(run.index)
        request = TrialRequest(
            number,
            run.config,
            overrides,
            run.folder,
            keep_model=run.index == 0,
            kernels=self._kernels,
            machine_class=self._machine_class,
        )
        return make_job(request, self.batch)

    def done(self, job: Job, result: dict[str, Any]) -> None:
        """Records that the run has ended well."""
        super().done(job, result)
        self._running.discard(job.number)

    def failed(self, job: Job, reason: str) -> None:
        """Records that the run has failed."""
        super().failed(job, reason)
        self._running.discard(job.number)

    @property
    def is_complete(self) -> bool:
        """Whether no run is left, failed ones aside."""
        return self._given == len(self.runs) and not self._running and not self.next_runs()

    def describe(self, job: Job) -> RunDescription:
        """Returns a run for its record."""
        run = self.runs[job.number]
        return RunDescription(
            kind=RunKind.CONFIRM,
            name=f"{self.study.name}-{run.finalist.trial:04d}-seed-{run.index}",
            study=self.study.name,
            folder=run.folder.path,
            command=job.settings["environment"]["command"],
            started_by=self.batch.line,
            config=run.config.plain(),
            data=job.settings["data"],
            executor=self.runtime.executor,
            trial=run.finalist.trial,
            searched=run.finalist.searched,
            tags={"seed": str(run.index)},
        )

    def show(self, job: Job) -> Shown:
        """Returns trial and seed."""
        run = self.runs[job.number]
        return Shown({"trial": str(run.finalist.trial), "seed": str(run.index)}, run.finalist.epochs)

    def conclude(self, job: Job, result: Mapping[str, Any]) -> tuple[StateFile, str]:
        """Returns the state, and what the run has reached."""
        run = self.runs[job.number]
        value = value_of(run.finalist.metric, result["metrics"], run.folder)
        text = f"{run.name}: {run.finalist.measure} {value:.4f}"
        return self._state(job, TrialState.COMPLETE), text

    def fail(self, job: Job, reason: str) -> tuple[StateFile, str]:
        """Returns the state and the reason."""
        return self._state(job, TrialState.FAIL, reason), f"{self.runs[job.number].name}: {reason}"

    def leave(self, job: Job) -> StateFile:
        """Returns the state of a run that the next call repeats."""
        return self._state(job, TrialState.INTERRUPTED, "confirm was stopped; it will be run again")

    def _state(self, job: Job, state: TrialState, reason: str | None = None) -> StateFile:
        run = self.runs[job.number]
        return StateFile(run.finalist.trial, state, reason, seed=run.index)


def open_test_images(study: StudyFolder, trials: Sequence[int], seeds: int, line: str, progress: Progress) -> None:
    """Logs that the test images are opened, and warns where that is not for the first time.

    Args:
        study: The study.
        trials: The trials that they judge.
        seeds: On how many seeds, at most.
        line: The command line.
        progress: Shows the warning.
    """
    if before := open_for(study, list(trials), seeds, line):
        times = "once" if before == 1 else f"{before} times"
        progress.warn(f"The test images were opened before, for other finalists or seeds, {times}: the more often, the "
                      "less they are a test")  # fmt: skip


def warn_of_classes(runs: Sequence[Run], progress: Progress) -> None:
    """Says where the runs of a comparison were trained on machines of several classes."""
    found = (read_environment(run.folder.environment) for run in runs)
    classes = sorted({environment.machine_class for environment in found if environment and environment.machine_class})
    if len(classes) > 1:
        progress.warn(f"The runs were trained on several classes of machines ({', '.join(classes)}), whose bits "
                      "differ: not all of them had a node of the class of the study's first trial")  # fmt: skip


@dataclass(frozen=True)
class ConfirmRuns:
    """What is trained for a confirmation, and how.

    Attributes:
        study: The study.
        finalists: The finalists.
        seeds: The most seeds of each.
        next_runs: Returns the runs that are trained next, asked again when they have ended; none at the end.
        runtime: Where they run.
        trusted: The modules whose functions a configuration may name.
        flags: The arguments that say where the configuration lies.
        line: The command line.
    """

    study: StudyFolder
    finalists: Sequence[Finalist]
    seeds: int
    next_runs: NextRuns
    runtime: RuntimeConfig
    trusted: Sequence[str]
    flags: Sequence[str]
    line: str


def train(what: ConfirmRuns, recorder: RunRecorder, progress: Progress, at_once: int, transfer: Transfer) -> int:
    """Trains what is still to be trained.

    Args:
        what: The runs, and where they run.
        recorder: Writes each run's record and mirrors it.
        progress: Shows what happens.
        at_once: How many runs train at the same time.
        transfer: Shows a download.

    Returns:
        The exit code of an interrupt if runs are left, else 0, or 1 if one has failed.

    Raises:
        UserError: The data set is not the one of the search.
    """
    first = what.finalists[0].seeded(0)
    description = prepare(what.finalists[0].config, progress.say, transfer=transfer)
    for finalist in what.finalists:
        check_data(finalist.digests, description, f"trial {finalist.trial} of {what.study.name}")
    if what.finalists[0].has_test_set:
        trials = [finalist.trial for finalist in what.finalists]
        description = prepare(first, progress.say, transfer=transfer)  # refused where there is no test part
        open_test_images(what.study, trials, what.seeds, what.line, progress)
    batch = Batch(first, description, what.trusted, what.flags, what.line)
    with batch.memory() as shared:
        batch = replace(batch, shared=shared)
        source = FinalistRuns(what.study, what.next_runs, what.runtime, batch, recorder, progress)
        executor = make_executor(what.runtime, build_task(first.task))
        code = run_jobs(executor, source, at_once, progress)
    if code and not source.is_complete:
        return code
    return int(source.failures > 0)
