"""What a sweep writes next to Optuna's journal: best.yaml, summary.json, README.md, states, and MLflow behind them."""

import time
from collections.abc import Sequence
from dataclasses import asdict, replace

from mnist_sweep import files
from mnist_sweep.config import UserError
from mnist_sweep.config.metrics import Row
from mnist_sweep.driver.best_file import write_best
from mnist_sweep.driver.kept_models import KeptModels
from mnist_sweep.driver.plan import Plan
from mnist_sweep.driver.study_page import found_by, study_page
from mnist_sweep.driver.study_runs import state_of, study_run, trial_run
from mnist_sweep.execution.executor import ANY, NodeStatus
from mnist_sweep.execution.job_folder import stored
from mnist_sweep.execution.jobs import workers
from mnist_sweep.formatting import spread_text
from mnist_sweep.report import refresh_report
from mnist_sweep.results.hardest import write_hardest
from mnist_sweep.results.pruning import Pruning, judge_pruner
from mnist_sweep.results.selection_noise import SelectionNoise, selection_noise
from mnist_sweep.results.study import read_study
from mnist_sweep.search import Asked, Search, Standing
from mnist_sweep.storage.environment import read_environment
from mnist_sweep.storage.folders import TrialFolder
from mnist_sweep.storage.run_record import read_record, run_record
from mnist_sweep.storage.settled import Settled, note_settled
from mnist_sweep.storage.state import StateFile, TrialState, read_state, write_state
from mnist_sweep.storage.summary import NodeUse, SummarizedTrial, Summary, read_summary
from mnist_sweep.tracking import Tracker, is_mirrored
from mnist_sweep.tracking.parent_metrics import parent_metrics
from mnist_sweep.tracking.run_recorder import RunRecorder

TRAINED = (TrialState.COMPLETE, TrialState.PRUNED)


class StudyFiles:
    """The files of one study, and their mirror in MLflow.

    Attributes:
        pruning: What the pruner saved, once it has been judged.
        noise: Which trials are like the best, once the search has ended.
        ended: Why no further trial begins, None while the search is running.
        nodes: The machines of a cluster that trials have run on in this call, once it has ended.
        lost: The trials that have ended and whose folders are gone, which count for no ranking.
    """

    def __init__(self, plan: Plan, search: Search, tracker: Tracker, started_by: str) -> None:
        self.plan = plan
        self.search = search
        self.tracker = tracker
        self.recorder = RunRecorder(tracker)
        self.started_by = started_by
        self.folder = plan.folder
        self.pruning: Pruning | None = None
        self.noise: SelectionNoise | None = None
        self.ended: str | None = None
        self.nodes: Sequence[NodeStatus] = ()
        self.at_once = workers(plan.settings.runtime)
        self._models = KeptModels(search.finished, plan.folder, plan.settings.study.keep_models)
        self._began = time.monotonic()
        self.slots = ANY  # of the executor, once there is one
        self._first_trial: float | None = None
        self._worker_seconds = 0.0  # until the number of workers was changed last
        self._busy_seconds = 0.0
        self._before = read_summary(self.folder.summary)
        self.lost = [trial for trial in search.finished.trials() if trial.state in TRAINED
                     and not self.folder.trial(trial.number).history.is_file()]  # fmt: skip
        search.finished.leave_out([trial.number for trial in self.lost])

    def start(self) -> None:
        """Makes the study's MLflow run, or continues it, and completes what an earlier call has left unwritten."""
        record = run_record(study_run(self.plan, self.started_by))
        if files.read_json_or_empty(self.folder.record):
            before = read_record(self.folder.record)
            record = replace(before, tags={**before.tags, **self.plan.settings.study.tags})  # of this call, too
        record.write(self.folder.record)
        self.write_summary()
        self.tracker.start_study(self.folder)
        self._repair()
        if (best := self.search.finished.best()) is not None:
            self._write_best(best)
        self._models.begin()

    def _repair(self) -> None:
        """Writes what a driver that was killed could no longer write about trials that had ended."""
        settled = Settled(self.folder, self.tracker.config.enabled)
        for trial in self.search.finished.trials():
            folder = self.folder.trial(trial.number)
            if settled.has(folder) or trial in self.lost:
                continue
            folder.checkpoint.unlink(missing_ok=True)
            written = read_state(folder.state)
            if written is None or written.state != trial.state:
                self._repair_state(folder, trial)
            if self.tracker.config.enabled and not is_mirrored(folder):
                if not files.read_json_or_empty(folder.record):
                    try:
                        run_record(
                            trial_run(self.plan, Asked(trial.number, trial.overrides, 0, trial.origin), self.started_by)
                        ).write(folder.record)
                    except UserError:  # a combination that can't be composed, and so is no run
                        continue
                self.tracker.finish_trial(folder)

    def _repair_state(self, folder: TrialFolder, trial: Standing) -> None:
        rows = folder.rows()
        started = files.read_json_or_empty(folder.record).get("started", time.time())
        ended = rows[-1]["timestamp"] if rows else time.time()
        asked = Asked(trial.number, trial.overrides, self.search.retries(trial.number), trial.origin)
        folder.path.mkdir(parents=True, exist_ok=True)
        write_state(folder.state, state_of(asked, trial, self.plan.repeats.of, started, ended))

    def has_begun(self, number: int) -> bool:
        """Returns whether a trial has begun to train."""
        return self.folder.trial(number).has_begun()

    def trial_started(self, asked: Asked) -> None:
        """Makes the trial's run."""
        self._first_trial = self._first_trial or time.monotonic()
        self.recorder.started(self.folder.trial(asked.number), trial_run(self.plan, asked, self.started_by))

    def epoch(self, number: int, row: Row) -> None:
        """Sends an epoch to MLflow."""
        self.recorder.epoch(self.folder.trial(number), row)

    def trial_ended(self, asked: Asked, trial: Standing, is_best: bool, fit_seconds: float = 0.0) -> None:
        """Writes state.json, best.yaml, summary.json and README.md, and mirrors the trial's folder.

        Args:
            asked: The trial as it was asked for.
            trial: The trial as it ended.
            is_best: Whether it is the best one now.
            fit_seconds: Seconds for which its worker was busy.
        """
        self._busy_seconds += fit_seconds
        if is_best:
            self._write_best(trial)
        self._models.keep_best(asked.number)
        written = self.recorder.ended(self.folder.trial(asked.number), state_of(asked, trial, self.plan.repeats.of))
        self.write_summary()
        counts, best = self.search.finished.counts, self.search.finished.best()
        metrics = parent_metrics(counts, self.search.metrics[0], best.values[0] if best and best.values else None)
        self.tracker.progress(metrics, sum(counts.values()), written.ended or time.time())

    def trial_interrupted(self, asked: Asked) -> None:
        """Writes that a trial was left for the next call."""
        reason = "the sweep was stopped; it will be run again"
        state = StateFile(asked.number, TrialState.INTERRUPTED, reason)
        self.recorder.interrupted(self.folder.trial(asked.number), state)

    def best_line(self) -> str:
        """Returns the best trial in a line, empty if there is none."""
        best = self.search.finished.best()
        if best is None or best.values is None:
            return ""
        spread = spread_text(best.seeds.get(self.search.metrics[0], ()), self.plan.repeats.of)
        return f"trial {best.number}, {self.search.metrics[0]} {best.values[0]:.4f}{spread}"

    def none_best(self) -> str:
        """Returns why there is no best trial, in words."""
        if self.search.finished.counts[TrialState.COMPLETE]:
            return f"No complete trial meets search.constraints: {', '.join(self.plan.settings.search.constraints)}"
        return "No trial is complete yet"

    def best_command(self) -> str | None:
        """Returns the best trial as a command, None if there is none."""
        best = self.search.finished.best()
        return self.plan.command(best.overrides) if best else None

    def _write_best(self, best: Standing) -> None:
        config, overrides = self.plan.composer.config(best.overrides), self.plan.composer.overrides(best.overrides)
        command, content = self.plan.command(best.overrides), stored(config.plain())
        write_best(self.folder, self.folder.trial(best.number), self.best_line(), command, content, overrides)

    def change_workers(self, at_once: int) -> None:
        """Goes on with another number of trials at the same time."""
        if self._first_trial is not None:
            now = time.monotonic()
            self._worker_seconds += (now - self._first_trial) * self.at_once
            self._first_trial = now
        self.at_once = min(at_once, self.slots)

    def summary(self) -> Summary:
        """Returns what summary.json says. Times add up over the calls that worked on the study."""
        now, before = time.monotonic(), self._before
        span = (before.worker_seconds if before else 0.0) + self._worker_seconds
        span += (now - (self._first_trial or now)) * self.at_once
        busy = (before.busy_seconds if before else 0.0) + self._busy_seconds
        return Summary(
            study=self.folder.name,
            states=dict(self.search.finished.counts),
            metric=self.search.metrics,
            direction=self.search.directions,
            best=self._summarized(self.search.finished.best()),
            baseline=self._summarized(self.baseline()),
            wall_seconds=(before.wall_seconds if before else 0.0) + now - self._began,
            busy_seconds=busy,
            worker_seconds=span,
            busy_fraction=busy / span if span else None,
            pruning=asdict(self.pruning) if self.pruning else before.pruning if before else None,
            ended=self.ended,
            note=self.plan.settings.study.note,
            tags=dict(self.plan.settings.study.tags),
            nodes=self._used_nodes() or (before.nodes if before else None),
            pareto_front=self.search.finished.front() if len(self.search.metrics) > 1 else None,
        )

    def write_summary(self) -> None:
        """Writes summary.json and README.md."""
        self.summary().write(self.folder.summary)
        files.write_text(self.folder.readme, study_page(found_by(self)))

    def _used_nodes(self) -> list[NodeUse]:
        return [NodeUse(one.name, one.ended, one.busy, one.joined, one.lost) for one in self.nodes]

    def _summarized(self, trial: Standing | None) -> SummarizedTrial | None:
        if trial is None or not trial.values:
            return None
        environment = read_environment(self.folder.trial(trial.number).environment)
        digest = environment.weights_digest if environment else None
        overrides = self.plan.composer.overrides(trial.overrides)
        return SummarizedTrial(trial.number, trial.values[0], list(trial.values), overrides, digest)

    def baseline(self) -> Standing | None:
        """Returns trial 0, if it is complete."""
        baseline = self.search.finished.trial(0)
        return baseline if baseline is not None and baseline.state == TrialState.COMPLETE else None

    def conclude(self) -> str:
        """Judges the pruner, shows the hardest images, writes the report; returns what went wrong with that."""
        if self.search.prunes:
            self.pruning = judge_pruner(
                self.search.finished.trials(), self.folder, self.plan.base.epochs, self.search.better
            )
        self.write_summary()
        wrong = refresh_report(self.folder, self._judge_networks)
        files.write_text(self.folder.readme, study_page(found_by(self)))  # now it names the report
        return wrong

    def _judge_networks(self) -> None:
        """Shows the hardest images, and finds out which networks are like the best."""
        self.noise = selection_noise(read_study(self.folder))
        write_hardest(self.folder, self.search.finished.ranked(), self.plan.base, self.plan.description)

    def finish(self, state: TrialState) -> None:
        """Ends the study's MLflow run, as complete or as interrupted."""
        self.tracker.finish_study(state)

    def is_settled(self) -> bool:
        """Returns whether all trials have ended, and everything about them is written."""
        tracked, finished = self.tracker.config.enabled, self.search.finished.trials()
        n_trials = self.plan.settings.search.n_trials
        if n_trials is None or len(finished) < n_trials or not self.search.is_idle():
            return False
        if read_summary(self.folder.summary) is None or not self.folder.report.is_file():
            return False  # killed before its end
        if tracked and files.read_json_or_empty(self.folder.tracking).get("mirrored") != TrialState.COMPLETE:
            return False
        settled = Settled(self.folder, tracked)
        folders = (self.folder.trial(trial.number) for trial in finished)
        return all(settled.has(f) or (is_mirrored(f) if tracked else f.state.is_file()) for f in folders)

    def note_settled(self) -> None:
        """Notes that everything is written, so that the next call need not look at each trial."""
        note_settled(self.folder, self.tracker.config.enabled)
