"""Trains nothing: a trial's result is a known function of its configuration, computed in this process.

For rehearsing a search of thousands of trials, for tests, and for measuring what everything but training costs.
"""

import hashlib
import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mnist_sweep.config import UserError, parse_trial
from mnist_sweep.execution.executor import Done, Epoch, Event, Failed, Job, Started
from mnist_sweep.files import write_json
from mnist_sweep.storage.environment import Outcome, write_environment
from mnist_sweep.storage.folders import TrialFolder
from mnist_sweep.storage.history import append_history, begin_history


def dry_accuracy(config: Mapping[str, Any]) -> float:
    """Returns the accuracy that a dry trial reaches, from 0 to 0.99.

    A bowl with its top at a learning rate of 0.001, dropout of 0.3 and beta_1 of 0.9, a little higher for larger
    layers; other parameters change nothing.
    """
    model, optimizer = config["model"], config["optimizer"]
    rate, dropout = float(optimizer.get("learning_rate", 1e-3)), float(model.get("dropout", 0.3))
    sizes = [size for name in ("units", "dense_units", "filters_1", "filters_2")
             for size in (model[name] if isinstance(model.get(name), list) else [model.get(name, 100)])]  # fmt: skip
    lost = 0.02 * math.log10(rate / 1e-3) ** 2 + 0.05 * (dropout - 0.3) ** 2
    lost += 0.05 * (float(optimizer.get("beta_1", 0.9)) - 0.9) ** 2 + 0.1 / math.sqrt(sum(sizes))
    return max(0.0, 0.99 - lost)


def dry_rows(config: Mapping[str, Any], now: float) -> list[dict[str, float]]:
    """Returns the history of a dry trial: accuracies rise to `dry_accuracy`, which the last epoch has."""
    epochs, best = int(config["train"]["epochs"]), dry_accuracy(config)
    rows = []
    for epoch in range(1, epochs + 1):
        accuracy = best * (1 - 0.5**epoch + 0.5**epochs)
        rows.append({"epoch": epoch, "loss": 1 - accuracy, "accuracy": accuracy, "val_loss": 1 - accuracy,
                     "val_accuracy": accuracy, "seconds": 0.001, "timestamp": now + 0.001 * epoch})  # fmt: skip
    return rows


class DryExecutor:
    """An executor without processes: an epoch of each trial for every call of `events`."""

    def __init__(self) -> None:
        self.jobs: dict[int, tuple[Job, list[dict[str, float]], int]] = {}
        self._events: list[Event] = []
        self._stopped: set[int] = set()

    def submit(self, job: Job) -> None:
        """Begins a trial's folder."""
        try:
            parse_trial(job.config, job.settings["allowed"])
            Path(job.folder).mkdir(parents=True, exist_ok=True)
            folder = TrialFolder(Path(job.folder))
            begin_history(folder.history)
            folder.log.touch()
        except UserError as error:
            self._events.append(Failed(job.number, str(error), "error"))
            return
        self.jobs[job.number] = job, dry_rows(job.config, time.time()), 0
        self._events.append(Started(job.number))

    def events(self, timeout: float) -> list[Event]:  # noqa: ARG002 - there is nothing to wait for
        """Returns one epoch of each trial."""
        events, self._events = self._events, []
        for number, (job, rows, done) in list(self.jobs.items()):
            if done == len(rows) or number in self._stopped:
                events.append(self._end(job, rows[:done], number in self._stopped))
            else:
                append_history(TrialFolder(Path(job.folder)).history, rows[done])
                self.jobs[number] = job, rows, done + 1
                events.append(Epoch(number, rows[done]))
        return events

    def _end(self, job: Job, rows: list[dict[str, float]], stopped: bool) -> Done:
        from mnist_sweep.tasks.image_classifier.evaluation import (
            summarize,  # brings NumPy, before which `preload` has something to say
        )

        self.jobs.pop(job.number)
        self._stopped.discard(job.number)
        folder = TrialFolder(Path(job.folder))
        digest = hashlib.sha256(json.dumps([job.config, len(rows)], sort_keys=True).encode()).hexdigest()
        metrics: dict[str, float] = {}
        if rows:
            metrics = summarize(rows, 0, job.settings["data"]["train_images"])
            write_json(folder.metrics, metrics)
        ended = rows[-1]["timestamp"] if rows else time.time()
        write_environment(
            folder.environment, job.settings["environment"], Outcome(digest, len(rows), ended, kernels=job.kernels)
        )
        result = {"stopped": stopped, "epochs": len(rows), "metrics": metrics, "weights_digest": digest,
                  "fit_seconds": sum(row["seconds"] for row in rows)}  # fmt: skip
        return Done(job.number, result)

    def stop(self, number: int) -> None:
        """The trial ends with the next events."""
        if number in self.jobs:
            self._stopped.add(number)

    def close(self) -> None:
        """Forgets what still runs."""
        self.jobs.clear()
