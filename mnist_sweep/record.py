"""What a sweep writes down beside Optuna's journal: best.yaml, summary.json, states, and MLflow behind them."""

import shutil
import time
from typing import Any

from mnist_sweep import files
from mnist_sweep.config import TrialConfig, UserError
from mnist_sweep.launch import shortest, stored
from mnist_sweep.provenance import source_tags
from mnist_sweep.searching import Plan, workers
from mnist_sweep.study import Asked, Search, Standing
from mnist_sweep.tracking import StudyRecord, Tracker, TrialRecord
from mnist_sweep.tracking.mirror import flatten


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
        try:
            self.before = files.read_json(self.folder.summary)
        except UserError:  # not there yet, or damaged: it is made anew
            self.before = {}

    def start(self) -> None:
        """Makes the parent run, or takes it up again."""
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
                **source_tags(self.started_by)}  # fmt: skip
        self.tracker.start_study(StudyRecord(self.folder.name, params, tags), self.folder.tracking)

    def clear(self, number: int) -> files.TrialFolder:
        """A trial's folder without what an earlier try has left, its MLflow run apart."""
        folder = self.folder.trial(number)
        for path in list(folder.path.iterdir()) if folder.path.is_dir() else []:
            if path == folder.tracking:
                continue
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        return folder

    def _trial_record(self, asked: Asked, config: TrialConfig) -> TrialRecord:
        plain = flatten(config.plain())
        choices = {key: value for key, value in {**self.plan.values, **asked.overrides}.items() if key in self.keys}
        groups = {key: choices[key] for key in choices if "." not in key}
        name = f"{self.folder.name}-{asked.number:04d}" + ("-baseline" if asked.number == 0 else "")
        command = self.plan.command(asked.overrides)
        tags = {"study": self.folder.name, "trial": str(asked.number), "kind": "trial", "state": "RUNNING",
                "folder": str(self.folder.trial(asked.number).path.absolute()), "command": command,
                "data_digest": self.plan.description.digest,
                "mlflow.note.content": f"```\n{command}\n```", **source_tags(self.started_by)}  # fmt: skip
        return TrialRecord(
            name=name,
            folder=self.folder.trial(asked.number),
            params={**groups, **plain},
            searched=frozenset(self.keys),
            tags=tags,
            data=self.plan.description.plain(),
        )

    def trial_started(self, asked: Asked, config: TrialConfig) -> None:
        """Makes the trial's run."""
        self.first_trial = self.first_trial or time.monotonic()
        self.tracker.start_trial(asked.number, self._trial_record(asked, config))

    def trial_ended(
        self, asked: Asked, config: TrialConfig, standing: Standing, result: dict[str, Any] | None, is_best: bool
    ) -> None:
        """Writes the trial's state, best.yaml and summary.json, and mirrors the folder."""
        folder = self.folder.trial(asked.number)
        folder.path.mkdir(parents=True, exist_ok=True)
        state = {
            "trial": asked.number,
            "state": standing.state,
            "reason": standing.reason,
            "values": list(standing.values) if standing.values else None,
            "overrides": asked.overrides,
            "retries": asked.retries,
        }
        files.write_json(folder.state, state)
        if result:
            self.busy_seconds += result["fit_seconds"]
        if is_best:
            self.write_best(asked, config)
        self._keep_models()
        self.write_summary()
        self.tracker.finish_trial(asked.number, self._trial_record(asked, config), standing.state, standing.reason)
        self._progress(asked.number)

    def trial_interrupted(self, asked: Asked) -> None:
        """Ends the run of a trial that will be taken up again."""
        config = self.plan.composer.config(asked.overrides)
        self.tracker.finish_trial(asked.number, self._trial_record(asked, config), "INTERRUPTED", "interrupted")

    def _progress(self, step: int) -> None:
        metrics: dict[str, float] = {f"trials_{state.lower()}": float(n) for state, n in self.counts().items()}
        best = self.search.best()
        if best and best.values:
            metrics[self.search.metrics[0]] = best.values[0]
        self.tracker.progress(metrics, step, {"mlflow.note.content": self.description()})

    def counts(self) -> dict[str, int]:
        """How many trials ended in each state."""
        finished = self.search.finished()
        return {state: sum(s.state == state for s in finished) for state in ("COMPLETE", "PRUNED", "FAIL")}

    def _keep_models(self) -> None:
        """Deletes the models of all trials but the best few."""
        sign = -1 if self.search.directions[0] == "maximize" else 1
        complete = [s for s in self.search.finished() if s.state == "COMPLETE" and s.values]
        ranked = sorted(complete, key=lambda s: (sign * s.values[0] if s.values else 0.0, s.number))
        for standing in ranked[self.plan.settings.study.keep_models :]:
            self.folder.trial(standing.number).model.unlink(missing_ok=True)

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

    def write_best(self, asked: Asked, config: TrialConfig) -> None:
        """The best trial's whole configuration, for `mnist-sweep train`."""
        header = (
            f"# The best trial of study {self.folder.name}: {self.best_line()}.\n"
            f"# Run it again with: mnist-sweep train {shortest(self.folder.best)}\n"
            f"# The same as: {self.plan.command(asked.overrides)}\n"
        )
        files.write_yaml(self.folder.best, stored(config), header)

    def write_summary(self) -> None:
        """For scripts: states, the best trial, times. Times add up over the calls that worked on the study."""
        best = self.search.best()
        now = time.monotonic()
        wall = self.before.get("wall_seconds", 0.0) + now - self.began
        span = self.before.get("worker_seconds", 0.0)
        span += (now - (self.first_trial or now)) * workers(self.plan.settings)
        busy = self.before.get("busy_seconds", 0.0) + self.busy_seconds
        summary: dict[str, Any] = {
            "study": self.folder.name,
            "states": self.counts(),
            "metric": self.search.metrics,
            "direction": self.search.directions,
            "best": None,
            "baseline": None,
            "wall_seconds": wall,
            "busy_seconds": busy,
            "worker_seconds": span,
            "busy_fraction": busy / span if span else None,
        }
        for name, standing in (("best", best), ("baseline", self._baseline())):
            if standing is not None and standing.values:
                environment = files.read_json(self.folder.trial(standing.number).environment)
                summary[name] = {
                    "trial": standing.number,
                    "value": standing.values[0],
                    "values": list(standing.values),
                    "overrides": self.plan.composer.overrides(standing.overrides),
                    "weights_digest": environment["weights_digest"],
                }
        if len(self.search.metrics) > 1:
            summary["pareto_front"] = self.search.front()
        files.write_json(self.folder.summary, summary)

    def _baseline(self) -> Standing | None:
        return next((s for s in self.search.finished() if s.number == 0 and s.state == "COMPLETE"), None)

    def description(self) -> str:
        """What the parent run says on its page."""
        best, baseline = self.search.best(), self._baseline()
        counts = ", ".join(f"{number} {state.lower()}" for state, number in self.counts().items())
        lines = [f"**{self.folder.name}**: {counts}.", ""]
        if best is not None and best.values:
            gain = ""
            if baseline and baseline.values:
                gain = f", the baseline {baseline.values[0]:.4f}"
            lines += [f"Best: {self.best_line()}{gain}.", "", "```", self.best_command() or "", "```"]
        return "\n".join(lines)

    def finish(self, state: str) -> None:
        """Ends the parent run: FINISHED, or KILLED for an interrupted sweep."""
        listed = [self.folder.config, self.folder.best, self.folder.summary]
        self.tracker.finish_study(state, listed, {"mlflow.note.content": self.description()})


def flatten_space(space: dict[str, Any], when: dict[str, dict[str, Any]]) -> dict[str, str]:
    """The space as one mapping, the condition behind the range."""
    flat = {key: str(text) for key, text in space.items()}
    for condition, more in when.items():
        for key, text in more.items():
            flat[key] = f"{flat[key]} or {text} if {condition}" if key in flat else f"{text} if {condition}"
    return flat
