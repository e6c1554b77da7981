"""What a sweep writes down beside Optuna's journal: best.yaml, summary.json, states, and MLflow behind them."""

import time
from dataclasses import asdict
from typing import Any

from mnist_sweep import files
from mnist_sweep.config import UserError
from mnist_sweep.config.flatten import flatten, flatten_space
from mnist_sweep.execution.jobs import cleared, shortest, stored, workers
from mnist_sweep.formatting import fenced, short
from mnist_sweep.provenance import source_tags
from mnist_sweep.report import refresh_report
from mnist_sweep.results import confirmation as confirmed
from mnist_sweep.results.hardest import write_hardest
from mnist_sweep.results.pruning import Pruning, judge_pruner, sentence
from mnist_sweep.results.trial import result_of
from mnist_sweep.search import Asked, Search, Standing
from mnist_sweep.storage.folders import TrialFolder
from mnist_sweep.storage.run_record import RunRecord
from mnist_sweep.storage.settled import Settled, note_settled
from mnist_sweep.storage.state import TrialState
from mnist_sweep.sweep.plan import Plan
from mnist_sweep.tracking import Tracker, is_mirrored
from mnist_sweep.tracking.parent_metrics import parent_metrics

LEADERS = 5  # trials in the study's description


class Record:
    """The files of one study, and their mirror."""

    def __init__(self, plan: Plan, search: Search, tracker: Tracker, started_by: str) -> None:
        self.plan = plan
        self.search = search
        self.tracker = tracker
        self.started_by = started_by
        self.folder = plan.folder
        self.keys = [parameter.key for parameter in plan.parameters]
        self.began = time.monotonic()
        self.first_trial: float | None = None
        self.busy_seconds = 0.0
        self.before = files.read_if_whole(self.folder.summary)
        self.pruning: Pruning | None = None
        self._kept: set[int] = set()
        self._started: dict[int, float] = {}

    def start(self) -> None:
        """Makes the parent run, or takes it up again, and brings what an earlier call has left up to date."""
        settings = self.plan.settings
        params = {
            **{f"space.{p}": text for p, text in flatten_space(settings.search.space, settings.search.when).items()},
            **{f"search.{name}": getattr(settings.search, name) for name in ("n_trials", "metric", "direction")},
            "sampler": settings.sampler.target.rpartition(".")[2],
            "pruner": settings.pruner.target.rpartition(".")[2],
            **flatten(self.plan.base.plain()),
        }
        tags = {"study": self.folder.name, "kind": "study", "folder": str(self.folder.path.absolute()),
                "command": self.started_by, "data_digest": self.plan.description.digest,
                "executor": settings.runtime.executor, **source_tags(self.started_by)}  # fmt: skip
        if not files.read_if_whole(self.folder.record):
            RunRecord(self.folder.name, params, list(params), tags, {}, time.time()).write(self.folder.record)
        self.write_summary()
        self.tracker.start_study(self.folder)
        self._repair()
        best = self.search.best()
        if best is not None:
            self.write_best(best)
        for number in self.search.ranked(settings.study.keep_models):
            self.folder.trial(number).model.unlink(missing_ok=True)
        self._kept = set(self.search.ranked(most=settings.study.keep_models))

    def _repair(self) -> None:
        """Writes what a driver that was killed could not write any more about trials that had ended."""
        settled = Settled(self.folder, self.tracker.config.enabled)
        for standing in self.search.finished():
            folder = self.folder.trial(standing.number)
            if settled.has(folder):
                continue
            if files.read_if_whole(folder.state).get("state") != standing.state:
                folder.path.mkdir(parents=True, exist_ok=True)
                self._started[standing.number] = files.read_if_whole(folder.record).get("started", time.time())
                asked = Asked(standing.number, standing.overrides, self.search.retries(standing.number))
                self._write_state(asked, standing, repaired=True)
            if self.tracker.config.enabled and not is_mirrored(folder):
                if not files.read_if_whole(folder.record):
                    try:
                        self._write_record(Asked(standing.number, standing.overrides, 0))
                    except UserError:  # a combination that can't be, and so is no run
                        continue
                self.tracker.finish_trial(folder)

    def clear(self, number: int) -> TrialFolder:
        """A trial's folder without what an earlier try has left, its MLflow run apart."""
        return cleared(self.folder.trial(number))

    def begun(self, number: int) -> bool:
        """Whether a trial has begun to train."""
        return self.folder.trial(number).history.exists()

    def _write_record(self, asked: Asked) -> None:
        plain = flatten(self.plan.composer.config(asked.overrides).plain())
        choices = {key: value for key, value in {**self.plan.values, **asked.overrides}.items() if key in self.keys}
        groups = {key: choices[key] for key in choices if "." not in key}
        name = f"{self.folder.name}-{asked.number:04d}" + ("-baseline" if asked.number == 0 else "")
        command = self.plan.command(asked.overrides)
        folder = self.folder.trial(asked.number)
        tags = {"study": self.folder.name, "trial": str(asked.number), "kind": "trial", "state": "RUNNING",
                "folder": str(folder.path.absolute()), "command": command,
                "data_digest": self.plan.description.digest, "executor": self.plan.settings.runtime.executor,
                "mlflow.note.content": fenced(command), **source_tags(self.started_by)}  # fmt: skip
        started = self._started.get(asked.number, time.time())
        data = self.plan.description.plain()
        RunRecord(name, {**groups, **plain}, self.keys, tags, data, started).write(folder.record)

    def trial_started(self, asked: Asked) -> None:
        """Makes the trial's run."""
        self.first_trial = self.first_trial or time.monotonic()
        self._started[asked.number] = time.time()
        self._write_record(asked)
        self.tracker.start_trial(self.folder.trial(asked.number))

    def epoch(self, number: int, row: dict[str, float]) -> None:
        """Sends an epoch to MLflow."""
        self.tracker.epoch(self.folder.trial(number), row)

    def _write_state(self, asked: Asked, standing: Standing, repaired: bool = False) -> float:
        """Gives when the trial ended, in seconds since 1970."""
        rows = self.folder.trial(asked.number).rows()
        started = self._started.pop(asked.number, None)
        ended = rows[-1]["timestamp"] if repaired and rows else time.time()
        state = {
            "trial": asked.number,
            "state": standing.state,
            "reason": standing.reason,
            "values": list(standing.values) if standing.values else None,
            "overrides": asked.overrides,
            "retries": asked.retries,
            "audited": standing.audited,
            "started": started,
            "ended": ended,
        }
        files.write_json(self.folder.trial(asked.number).state, state)
        return ended

    def trial_ended(self, asked: Asked, standing: Standing, result: dict[str, Any] | None, is_best: bool) -> None:
        """Writes the trial's state, best.yaml, summary.json and README.md, and mirrors the folder."""
        folder = self.folder.trial(asked.number)
        folder.path.mkdir(parents=True, exist_ok=True)
        ended = self._write_state(asked, standing)
        if result:
            self.busy_seconds += result["fit_seconds"]
        if is_best:
            self.write_best(standing)
        self._keep_models(asked.number)
        self.write_summary()
        self.tracker.finish_trial(folder)
        counts, best = self.search.counts, self.search.best()
        metrics = parent_metrics(counts, self.search.metrics[0], best.values[0] if best and best.values else None)
        self.tracker.progress(metrics, sum(counts.values()), ended)

    def trial_interrupted(self, asked: Asked) -> None:
        """Ends the run of a trial that will be taken up again."""
        folder = self.folder.trial(asked.number)
        state = {"trial": asked.number, "state": "INTERRUPTED", "reason": "the sweep was stopped; it will be run again",
                 "started": self._started.pop(asked.number, None), "ended": time.time()}  # fmt: skip
        files.write_json(folder.state, state)
        self.tracker.finish_trial(folder)

    def _keep_models(self, number: int) -> None:
        """Deletes the models of all trials but the best few."""
        keep = set(self.search.ranked(most=self.plan.settings.study.keep_models))
        for other in (self._kept | {number}) - keep:
            self.folder.trial(other).model.unlink(missing_ok=True)
        self._kept = keep

    def best_line(self) -> str:
        """The best trial in a line; empty if there is none."""
        best = self.search.best()
        if best is None or best.values is None:
            return ""
        return f"trial {best.number}, {self.search.metrics[0]} {best.values[0]:.4f}"

    def best_command(self) -> str | None:
        """The best trial as a command."""
        best = self.search.best()
        return self.plan.command(best.overrides) if best else None

    def write_best(self, best: Standing) -> None:
        """The best trial's whole configuration, for `mnist-sweep train`, and its result, for `reproduce`."""
        header = (
            f"# The best trial of study {self.folder.name}: {self.best_line()}.\n"
            f"# Run it again with: mnist-sweep train {shortest(self.folder.best)}\n"
            f"# The same as: {self.plan.command(best.overrides)}\n"
        )
        content = stored(self.plan.composer.config(best.overrides))
        result = result_of(self.folder.trial(best.number), self.folder.name)
        files.write_yaml(self.folder.best, {**content, "recorded": result}, header)

    def write_summary(self) -> None:
        """For scripts: states, the best trial, times. Times add up over the calls that worked on the study."""
        best = self.search.best()
        now = time.monotonic()
        wall = self.before.get("wall_seconds", 0.0) + now - self.began
        span = self.before.get("worker_seconds", 0.0)
        span += (now - (self.first_trial or now)) * workers(self.plan.settings.runtime)
        busy = self.before.get("busy_seconds", 0.0) + self.busy_seconds
        summary: dict[str, Any] = {
            "study": self.folder.name,
            "states": dict(self.search.counts),
            "metric": self.search.metrics,
            "direction": self.search.directions,
            "best": None,
            "baseline": None,
            "wall_seconds": wall,
            "busy_seconds": busy,
            "worker_seconds": span,
            "busy_fraction": busy / span if span else None,
            "pruning": asdict(self.pruning) if self.pruning else self.before.get("pruning"),
        }
        for name, standing in (("best", best), ("baseline", self._baseline())):
            if standing is not None and standing.values:
                environment = files.read_if_whole(self.folder.trial(standing.number).environment)
                summary[name] = {
                    "trial": standing.number,
                    "value": standing.values[0],
                    "values": list(standing.values),
                    "overrides": self.plan.composer.overrides(standing.overrides),
                    "weights_digest": environment.get("weights_digest"),
                }
        if len(self.search.metrics) > 1:
            summary["pareto_front"] = self.search.front()
        files.write_json(self.folder.summary, summary)
        files.write_text(self.folder.readme, self.description())

    def _baseline(self) -> Standing | None:
        baseline = self.search.standing(0)
        return baseline if baseline is not None and baseline.state == "COMPLETE" else None

    def _leaderboard(self) -> list[str]:
        """The best few trials as a table of Markdown."""
        lines = [f"| trial | {self.search.metrics[0]} | overrides |", "|---:|---:|---|"]
        for number in self.search.ranked(most=LEADERS):
            standing = self.search.standing(number)
            if standing is not None and standing.values:
                lines.append(f"| {number} | {standing.values[0]:.4f} | {short(standing.overrides)} |")
        return lines

    def description(self) -> str:
        """What the study has found, in Markdown: the parent run says it on its page."""
        best, baseline = self.search.best(), self._baseline()
        counts = ", ".join(f"{number} {TrialState(state).word}" for state, number in self.search.counts.items())
        answer = "No trial is complete yet"
        if best is not None and best.values:
            against = f" (the baseline, trial 0: {baseline.values[0]:.4f})" if baseline and baseline.values else ""
            answer = f"Best: {self.best_line()}{against}"
        lines = [f"**{answer}**; {counts}.", ""]  # MLflow's page shows the first two lines without a click
        if self.plan.settings.runtime.executor == "dry":
            lines += ["A dry run: nothing was trained, the figures are a known function of the parameters.", ""]
        if best is not None and best.values:
            lines += [*self._leaderboard(), "", "Run the best one again, and reproduce it to the bit:", ""]
            lines += [fenced(f"{self.best_command()}\nmnist-sweep reproduce study={self.folder.name}"), ""]
        if self.folder.report.is_file():
            lines += [f"Report: {self.folder.report.absolute()} (also among the artifacts)"]
        if self.pruning and (text := sentence(self.pruning)):
            lines += ["", text]
        found = confirmed.read_confirmed(self.folder.confirmed)
        return "\n".join(lines) + "\n" + (confirmed.markdown(found) if found else "")

    def conclude(self) -> str:
        """Judges the pruner, shows the hardest images, writes the report; gives what went wrong with that."""
        if self.search.prunes:
            epochs = self.plan.base.train.epochs
            self.pruning = judge_pruner(self.search.finished(), self.folder, epochs, self.search.better)
        self.write_summary()
        wrong = refresh_report(self.folder, self._write_hardest)
        files.write_text(self.folder.readme, self.description())  # which names the report
        return wrong

    def _write_hardest(self) -> None:
        if self.plan.settings.runtime.executor == "local":
            write_hardest(self.folder, self.search.ranked(), self.plan.base.data, self.plan.description.digests)

    def finish(self, state: str) -> None:
        """Ends the parent run: FINISHED, or KILLED for an interrupted sweep."""
        self.tracker.finish_study(state)

    def is_settled(self) -> bool:
        """Whether all trials have ended, and everything about them is written."""
        tracked, finished = self.tracker.config.enabled, self.search.finished()
        if len(finished) < self.plan.settings.search.n_trials or not self.search.is_idle():
            return False
        if not files.read_if_whole(self.folder.summary):
            return False
        if tracked and files.read_if_whole(self.folder.tracking).get("mirrored") != "COMPLETE":
            return False
        settled = Settled(self.folder, tracked)
        folders = (self.folder.trial(standing.number) for standing in finished)
        return all(settled.has(f) or (is_mirrored(f) if tracked else f.state.is_file()) for f in folders)

    def note_settled(self) -> None:
        """Notes that everything is written, so that the next call need not look at each trial."""
        note_settled(self.folder, self.tracker.config.enabled)
