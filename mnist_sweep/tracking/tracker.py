"""Writes to MLflow from a thread of its own, so that a slow server slows no trial."""

import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mnist_sweep.config.settings import TrackingConfig
from mnist_sweep.files import read_json, write_json
from mnist_sweep.tracking import mirror
from mnist_sweep.tracking.mirror import StudyRecord, TrialRecord
from mnist_sweep.tracking.store import open_store, tracking_uri

__all__ = ["Tracker", "tracking_uri"]


class Tracker:
    """One study's mirror in MLflow: every method returns at once, the work is done behind it, in order.

    What fails is told once through `say`, and tried again from the trial's folder when the study ends.
    """

    def __init__(self, config: TrackingConfig, runs_folder: Path, say: Callable[[str], None]) -> None:
        self.config = config
        self.runs_folder = runs_folder
        self.say = say
        self.uri = tracking_uri(config, runs_folder)
        self.parent: str | None = None
        self.runs: dict[int, str] = {}
        self.behind: dict[int, Callable[[], None]] = {}
        self.failures = 0
        self.client: Any = None
        self.experiment = ""
        self._work: queue.Queue[Callable[[], None] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, name="tracking", daemon=True)
        if config.enabled:
            self._thread.start()
            self._put(self._open)

    def _open(self) -> None:
        if self.client is None:
            self.client, self.experiment = open_store(self.config, self.runs_folder)

    def _run(self) -> None:
        while (item := self._work.get()) is not None:
            work = item
            try:
                if self.client is None and work != self._open:
                    self._open()
                work()
            except Exception as error:
                self._failed(error)

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        if self.failures == 1:
            reason = str(error).strip().split("\n")[0][:200]
            self.say(f"tracking is behind: {self.uri}: {type(error).__name__}: {reason}; trials go on")

    def _put(self, work: Callable[[], None]) -> None:
        if self.config.enabled:
            self._work.put(work)

    def start_study(self, record: StudyRecord, file: Path) -> None:
        """Makes the parent run, or takes up the one that `file` names."""

        def work() -> None:
            if file.is_file() and (run_id := self._known(read_json(file))):
                self.parent = run_id
                self.client.update_run(run_id, status="RUNNING")
            else:
                run = self.client.create_run(self.experiment, tags=record.tags, run_name=record.name)
                self.parent = run.info.run_id
                write_json(file, {"run_id": self.parent, "uri": self.uri, "experiment_id": self.experiment})
                self.client.log_batch(self.parent, params=mirror.parameters(record.params, frozenset(record.params)))
            self.client.log_batch(self.parent, tags=mirror.tags(record.tags))

        self._put(work)

    def _known(self, stored: dict[str, Any]) -> str | None:
        """The run of an earlier call, if it is in this store."""
        from mlflow.exceptions import MlflowException

        if stored.get("uri") != self.uri:
            return None
        try:
            return str(self.client.get_run(stored["run_id"]).info.run_id)
        except MlflowException:
            return None

    def start_trial(self, number: int, record: TrialRecord) -> None:
        """Makes the trial's run below the parent, with its parameters and data set; or takes up the one it had."""
        started = int(time.time() * 1000)
        self._put(lambda: self._start_trial(number, record, started))

    def _start_trial(self, number: int, record: TrialRecord, started: int) -> None:
        file = record.folder.tracking
        run_id = self._known(read_json(file)) if file.is_file() else None
        if run_id is None:
            run_id = self._find(number)
        if run_id is not None:
            self.runs[number] = run_id
            self.client.update_run(run_id, status="RUNNING")
        else:
            parent = {"mlflow.parentRunId": self.parent} if self.parent else {}
            run = self.client.create_run(self.experiment, started, {**record.tags, **parent}, record.name)
            self.runs[number] = run.info.run_id
            self.client.log_batch(run.info.run_id, params=mirror.parameters(record.params, record.searched))
            self.client.log_inputs(run.info.run_id, [mirror.data_input(record.data)])
        write_json(file, {"run_id": self.runs[number], "uri": self.uri, "experiment_id": self.experiment})

    def _find(self, number: int) -> str | None:
        """A run that was made for this trial by a driver that died before it could note it."""
        if self.parent is None:
            return None
        where = f"tags.`mlflow.parentRunId` = '{self.parent}' and tags.trial = '{number}'"
        found = self.client.search_runs([self.experiment], where, max_results=1)
        return str(found[0].info.run_id) if found else None

    def epoch(self, number: int, row: dict[str, float]) -> None:
        """Sends a row of the history."""
        self._put(lambda: self.client.log_batch(self.runs[number], metrics=mirror.epoch_metrics(row)))

    def finish_trial(self, number: int, record: TrialRecord, state: str, reason: str | None) -> None:
        """Brings the trial's run up to its folder and ends it; what can't be sent now is tried again at the end."""

        def work() -> None:
            if number not in self.runs:
                self._start_trial(number, record, int(time.time() * 1000))
            mirror.mirror_trial(self.client, self.runs[number], record, state, reason)
            self.behind.pop(number, None)

        def guarded() -> None:
            self.behind[number] = work
            work()

        self._put(guarded)

    def progress(self, metrics: dict[str, float], step: int, more_tags: dict[str, str]) -> None:
        """Metrics and tags of the parent: its chart is the history of the search."""
        moment = int(time.time() * 1000)

        def work() -> None:
            from mlflow.entities import Metric

            values = [Metric(name, value, moment, step) for name, value in metrics.items()]
            self.client.log_batch(self.parent, metrics=values, tags=mirror.tags(more_tags))

        self._put(work)

    def finish_study(self, state: str, files: list[Path], more_tags: dict[str, str]) -> None:
        """Ends the parent run, with these files beside it."""

        def work() -> None:
            for number in list(self.behind):
                self.behind[number]()
            self.client.log_batch(self.parent, tags=mirror.tags(more_tags))
            for file in files:
                if file.is_file():
                    self.client.log_artifact(self.parent, str(file))
            self.client.set_terminated(self.parent, mirror.STATUS[state])

        self._put(work)

    def close(self, timeout: float = 60) -> bool:
        """Waits until all is written; whether it was."""
        if not self.config.enabled:
            return True
        self._work.put(None)
        self._thread.join(timeout)
        return not self._thread.is_alive() and not self.behind
