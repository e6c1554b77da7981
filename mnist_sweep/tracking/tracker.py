"""Writes to MLflow from a thread of its own, so that a slow server slows no trial."""

import queue
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from mnist_sweep.config import UserError
from mnist_sweep.config.settings import TrackingConfig
from mnist_sweep.storage.folders import StudyFolder, TrialFolder
from mnist_sweep.tracking.store import tracking_uri
from mnist_sweep.tracking.writer import Writer, is_refusal, reason_of, trouble

RETRY_SECONDS = 15.0  # between tries while the store can't be reached
MANY = 200
PATIENCE_SECONDS = 60.0  # at the end, without any progress
Item = tuple[Literal["warm", "study", "progress", "end", "start", "epoch", "trial", "close"], Any, Any]


class Tracker:
    """One study's mirror in MLflow: every method returns at once, the work is done behind it, in order.

    What it writes is in the study's folder before. While the store can't be reached, which is told once through `say`,
    it only remembers which trials are behind, tries now and then, and then brings them up from their folders.
    """

    def __init__(self, config: TrackingConfig, runs_folder: Path, say: Callable[[str], None]) -> None:
        self.config = config
        self.say = say
        self.uri = tracking_uri(config, runs_folder)
        self.writer = Writer(config, runs_folder)
        self.behind: dict[Path, TrialFolder] = {}
        self.refused: dict[Path, str] = {}
        self.away = False
        self._study: StudyFolder | None = None
        self._parent: str | None = None
        self._runs: dict[Path, str] = {}
        self._since: dict[Path, float] = {}  # when a trial's present try began
        self._end: str | None = None
        self._retry_at = 0.0
        self._progress = time.monotonic()
        self._closing = False
        self._told = False
        self._items: queue.Queue[Item] = queue.Queue()
        self._thread = threading.Thread(target=self._run, name="tracking", daemon=True)
        if config.enabled:
            self._thread.start()

    def _put(self, *item: Any) -> None:
        if self.config.enabled:
            self._items.put(item)

    def warm_up(self) -> None:
        """Imports MLflow, which takes seconds, before there is anything to write."""
        self._put("warm", None, None)

    def start_study(self, study: StudyFolder) -> None:
        """Makes the parent run, or takes it up again; its record is in its folder."""
        self._put("study", study, None)

    def progress(self, metrics: dict[str, float], step: int, moment: float) -> None:
        """Metrics of the parent as a trial ends: its chart is the history of the search."""
        self._put("progress", None, (step, moment, metrics))

    def finish_study(self, state: str) -> None:
        """Ends the parent run."""
        self._put("end", state, None)

    def start_trial(self, folder: TrialFolder) -> None:
        """Makes the trial's run, or takes up the one it had; its record is in its folder."""
        self._since[folder.path] = time.time()
        self._put("start", folder, None)

    def epoch(self, folder: TrialFolder, row: dict[str, float]) -> None:
        """Sends a row of the history."""
        self._put("epoch", folder, row)

    def finish_trial(self, folder: TrialFolder) -> None:
        """Brings the trial's run up to its folder and ends it."""
        self._put("trial", folder, None)

    def close(self) -> bool:
        """Waits until all is written, as long as something is; whether it was."""
        if not self.config.enabled:
            return True
        self._progress = time.monotonic()
        self._put("close", None, None)
        if self._items.qsize() > MANY:
            self.say(f"{self._items.qsize():,} records are still to be written to {self.uri}")
        while self._thread.is_alive() and time.monotonic() - self._progress < PATIENCE_SECONDS:
            self._thread.join(0.2)
        return not (self._thread.is_alive() or self.behind or self.away or self.refused)

    def _run(self) -> None:
        while not self._closing:
            items = self._next()
            try:
                if not self.away:
                    for item in items:
                        self._apply(item)
                else:
                    for item in items:
                        self._remember(item)
                    if self._closing or time.monotonic() >= self._retry_at:
                        self._catch_up()
            except Exception as error:
                self._failed(error, items)

    def _next(self) -> list[Item]:
        """All that waits; nothing when it is time for another try."""
        try:
            items = [self._items.get(timeout=RETRY_SECONDS if self.away else None)]
        except queue.Empty:
            return []
        while not self._items.empty():
            items.append(self._items.get())
        self._closing = self._closing or items[-1][0] == "close"
        return _merged(items)

    def _remember(self, item: Item) -> None:
        kind, what, _ = item
        if kind in ("start", "epoch", "trial"):
            self.behind[what.path] = what
        elif kind == "study":
            self._study = what
        elif kind == "end":
            self._end = what

    def _apply(self, item: Item) -> None:
        kind, what, more = item
        self._remember(item)
        if kind == "warm":
            trouble()
        if kind == "study":
            self._parent = self.writer.study(what)
        elif kind == "progress" and self._study is not None and self._parent is not None:
            self.writer.progress(self._parent, self._study, more)
        elif kind == "end":
            self._finish()
        elif kind in ("start", "epoch", "trial"):
            try:
                self._trial(kind, what, more)
            except Exception as error:
                if not is_refusal(error):
                    raise
                self._refuse(what, error)
            self.behind.pop(what.path, None)
        self._progress = time.monotonic()

    def _trial(self, kind: str, folder: TrialFolder, rows: Any) -> None:
        run_id = self._runs.get(folder.path)
        if kind != "trial" and folder.path in self.refused:
            return
        if kind == "start":
            self._runs[folder.path] = self.writer.trial_started(folder, self._parent)
        elif kind == "epoch" and run_id is not None:
            since = self._since.get(folder.path, 0.0)  # rows of a try that was lost in the meantime don't count
            self.writer.epochs(run_id, [row for row in rows if row["timestamp"] >= since])
        else:
            self._runs[folder.path] = self.writer.trial(folder, self._parent, run_id)
        self.refused.pop(folder.path, None)
        if folder.state.is_file():
            self._runs.pop(folder.path, None)

    def _refuse(self, folder: TrialFolder, error: Exception) -> None:
        if folder.path not in self.refused:
            self.say(f"tracking: {self.uri} does not take trial {folder.path.name}: {_reason(error)}")
        self.refused[folder.path] = _reason(error)

    def _finish(self) -> None:
        if self._study is not None and self._parent is not None and self._end is not None:
            self.writer.study_ended(self._parent, self._study, self._end)
            self._end = None

    def _catch_up(self) -> None:
        """Everything that is behind, from the folders."""
        count = len(self.behind)
        if self._study is not None:
            self._parent = self.writer.study(self._study)
            self._progress = time.monotonic()
        for folder in list(self.behind.values()):
            self._apply(("trial", folder, None))
        self._finish()
        self.away = self._told = False
        self.say(f"tracking has caught up: {count} {'trial' if count == 1 else 'trials'} brought to {self.uri}")

    def _failed(self, error: Exception, items: list[Item]) -> None:
        for item in items:
            self._remember(item)
        self.away = True
        if not isinstance(error, trouble()) and self._study is not None:  # a mistake of ours
            with (self._study.path / "tracking.log").open("a", encoding="utf-8") as log:
                traceback.print_exception(error, file=log)
        self._retry_at = time.monotonic() + RETRY_SECONDS
        if not self._told:
            self._told = True
            self.say(f"tracking is behind: {self.uri}: {_reason(error)}; the trials go on")


def _merged(items: list[Item]) -> list[Item]:
    """What belongs together in one: all epochs of a trial, a trial from its start to its end, the parent's metrics."""
    ended = {what.path for kind, what, _ in items if kind == "trial"}
    merged: list[Item] = []
    gathered: dict[tuple[str, Any], list[Any]] = {}
    for kind, what, more in items:
        if kind in ("start", "epoch") and what.path in ended:
            continue  # all of it is in the folder
        if kind not in ("epoch", "progress"):
            merged.append((kind, what, more))
        elif (kind, what) in gathered:
            gathered[kind, what].append(more)
        else:
            gathered[kind, what] = [more]
            merged.append((kind, what, gathered[kind, what]))
    return merged


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {reason_of(error)}"
