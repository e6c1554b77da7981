"""The runs of `mnist-sweep confirm`: every finalist on every fresh seed."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic.dataclasses import dataclass as checked

from mnist_sweep import files
from mnist_sweep.cli.screen import Screen
from mnist_sweep.config import TrialConfig, UserError
from mnist_sweep.config.check import check
from mnist_sweep.config.composed import Composed
from mnist_sweep.config.flatten import flatten
from mnist_sweep.config.schema import LOOSE
from mnist_sweep.config.settings import RuntimeConfig
from mnist_sweep.confirm.finalists import Finalist
from mnist_sweep.confirm.test_set_log import open_for
from mnist_sweep.execution import Done, Epoch, Event, Failed, Job, make_executor
from mnist_sweep.execution.jobs import cleared, images, make_job, prepare
from mnist_sweep.execution.runner import run_watched
from mnist_sweep.formatting import fenced
from mnist_sweep.provenance import source_tags
from mnist_sweep.results.trial import check_data
from mnist_sweep.storage.folders import StudyFolder, TrialFolder
from mnist_sweep.storage.run_record import RunRecord
from mnist_sweep.tasks.image_classifier.data import Description
from mnist_sweep.tasks.image_classifier.evaluation import Predictions, read_predictions
from mnist_sweep.tracking import Tracker


@checked(frozen=True, config=LOOSE)
class Metrics:
    """What is read of a run's metrics.json."""

    parameters: int
    training_seconds: float


@dataclass(frozen=True)
class Run:
    """A finalist on one of the fresh seeds."""

    finalist: Finalist
    index: int
    folder: TrialFolder
    config: TrialConfig

    @property
    def name(self) -> str:
        """What it is called on the terminal."""
        return f"trial {self.finalist.trial}, seed {self.index}"

    @property
    def is_done(self) -> bool:
        """Whether it has been trained to its end, with this configuration, and its results are whole."""
        environment = files.read_if_whole(self.folder.environment)
        if files.read_if_whole(self.folder.state).get("state") != "COMPLETE" or (
            environment.get("trial_seed"), environment.get("epochs")) != (
            self.config.trial_seed(), self.config.train.epochs):  # fmt: skip
            return False
        try:
            self.result()
        except UserError:
            return False
        return True

    def result(self) -> tuple[Predictions, Metrics]:
        """What it came to on the test images; raises UserError where that is damaged."""
        metrics = check(Metrics, files.read_json(self.folder.metrics), str(self.folder.metrics))
        return read_predictions(self.folder.predictions), metrics


class Confirmation:
    """The runs of one composed, as they go."""

    def __init__(
        self, study: StudyFolder, runs: list[Run], todo: list[Run], screen: Screen, tracker: Tracker, composed: Composed
    ) -> None:
        self.study = study
        self.all_runs = runs
        self.runs = dict(enumerate(todo))
        self.screen = screen
        self.tracker = tracker
        self.composed = composed
        self.began: dict[int, float] = {}
        self.failed = 0

    def open_test_images(self) -> None:
        """Notes it, and warns where it is not the first time."""
        trials = list(dict.fromkeys(run.finalist.trial for run in self.all_runs))
        seeds = len(self.all_runs) // len(trials)
        if before := open_for(self.study, trials, seeds, self.composed.line):
            times = "once" if before == 1 else f"{before} times"
            self.screen.warn(f"The test images were opened before, for other finalists or seeds, {times}: the more "
                             "often, the less they are a test")  # fmt: skip

    def job(self, number: int, description: Description, allowed: list[str], shared: dict[str, Any] | None) -> Job:
        """A run as a job."""
        run = self.runs[number]
        return make_job(
            number,
            run.config,
            run.finalist.seeded_overrides(run.index),
            cleared(run.folder),
            description,
            allowed,
            self.composed.flags,
            self.composed.line,
            keep_model=run.index == 0,
            shared=shared if run.config.data == self.runs[0].config.data else None,
        )

    def happened(self, event: Job | Event) -> None:
        """A run begins, goes on, or ends."""
        if isinstance(event, Job):
            self._begin(event)
        elif isinstance(event, Epoch):
            self.screen.epoch(event.number, event.row)
        elif isinstance(event, Failed):
            self.failed += 1
            self._end(event.number, "FAIL", event.reason)
            self.screen.ended(event.number, "FAIL", f"{self.runs[event.number].name}: {event.reason}")
        elif isinstance(event, Done):
            self._end(event.number, "COMPLETE", None)
            accuracy = event.result["metrics"]["val_accuracy"]
            self.screen.ended(event.number, "COMPLETE", f"{self.runs[event.number].name}: test accuracy {accuracy:.4f}")

    def _begin(self, job: Job) -> None:
        run = self.runs[job.number]
        trial, seed = str(run.finalist.trial), str(run.index)
        command, data = job.settings["environment"]["command"], job.settings["data"]
        tags = {"study": self.study.name, "trial": trial, "seed": seed, "kind": "confirm", "state": "RUNNING",
                "folder": str(run.folder.path.absolute()), "command": command, "data_digest": data["digest"],
                "mlflow.note.content": fenced(command), **source_tags(self.composed.line)}  # fmt: skip
        self.began[job.number] = time.time()
        params = flatten(run.config.plain())
        name = f"{self.study.name}-{run.finalist.trial:04d}-seed-{seed}"
        RunRecord(name, params, run.finalist.searched, tags, data, self.began[job.number]).write(run.folder.record)
        self.screen.started(job.number, {"trial": trial, "seed": seed}, run.finalist.epochs)
        self.tracker.start_trial(run.folder)

    def _end(self, number: int, state: str, reason: str | None) -> None:
        run = self.runs[number]
        content = {"trial": run.finalist.trial, "seed": run.index, "state": state, "reason": reason,
                   "started": self.began.pop(number), "ended": time.time()}  # fmt: skip
        files.write_json(run.folder.state, content)
        self.tracker.finish_trial(run.folder)

    def leave(self) -> None:
        """What has begun and not ended is left for the next call."""
        for number in list(self.began):
            self._end(number, "INTERRUPTED", "confirm was stopped; it will be run again")


def runs_of(study: StudyFolder, finalists: Sequence[Finalist], seeds: int) -> list[Run]:
    """Seed by seed, so that whatever is there when it is stopped is of all finalists.

    Seeds beyond those that are asked for count too, if all finalists were trained on them before.
    """
    runs: list[Run] = []
    index = 0
    while True:
        some = [Run(one, index, study.confirmation(one.trial, index), one.seeded(index)) for one in finalists]
        if index >= seeds and not all(run.is_done for run in some):
            return runs
        runs += some
        index += 1


def train(confirmation: Confirmation, runtime: RuntimeConfig) -> int:
    """Trains what is still to be trained; gives the exit code if it was stopped, else 0 or 1 if something failed."""
    composed, runs = confirmation.composed, confirmation.runs
    executor = make_executor(runtime)
    description = prepare(runs[0].config, confirmation.screen.say)
    for run in runs.values():
        check_data(run.finalist.digests, description, f"trial {run.finalist.trial} of {confirmation.study.name}")
    confirmation.open_test_images()
    allowed = composed.trusted
    with images(runtime, runs[0].config, description) as shared:
        jobs = (confirmation.job(number, description, allowed, shared) for number in runs)
        code = run_watched(executor, jobs, confirmation.screen, confirmation.happened, confirmation.leave)
    if code and any(not run.is_done for run in runs.values()):
        return code
    return int(confirmation.failed > 0)
