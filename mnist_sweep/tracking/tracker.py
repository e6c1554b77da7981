"""Writes to MLflow from a thread of its own, so that a slow server does not slow down trials."""

import queue
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from mnist_sweep.config import UserError
from mnist_sweep.config.settings import TrackingConfig
from mnist_sweep.formatting import plural
from mnist_sweep.storage.folders import StudyFolder, TrialFolder
from mnist_sweep.tracking.errors import is_refusal, reason_of, trouble
from mnist_sweep.tracking.messages import (
    Close,
    EpochsEnded,
    Message,
    OfTrial,
    StudyEnded,
    StudyProgress,
    StudyStarted,
    TrialEnded,
    TrialStarted,
    WarmUp,
    merged,
)
from mnist_sweep.tracking.runs import is_mirrored
from mnist_sweep.tracking.stop_tag import StopTag
from mnist_sweep.tracking.store import tracking_uri
from mnist_sweep.tracking.writer import Writer

RETRY_SECONDS = 15.0  # between attempts while the store is unreachable
MANY = 200
PATIENCE_SECONDS = 60.0  # at the end, without any progress


class Tracker:
    """One study's mirror in MLflow: every method returns immediately, a thread does the work in order.

    What it writes is in the study's folder before. While the store is unreachable, which is reported once through
    `say`, it only remembers which trials are behind, retries now and then, and then mirrors them from their folders.

    Attributes:
        behind: The trials that are not mirrored yet, by folder.
        refused: The trials that the store does not accept, with the reason, by folder.
        away: Whether the store is unreachable.
    """

    def __init__(
        self,
        config: TrackingConfig,
        runs_folder: Path,
        say: Callable[[str], None],
        stop: Callable[[], None] | None = None,
    ) -> None:
        """Starts the thread.

        Args:
            config: Where MLflow is.
            runs_folder: The folder of the default store.
            say: Reports what a person has to know, in lines.
            stop: Is called from the thread when a person sets the tag `stop` of the study's run.
        """
        self._stop_tag = StopTag(stop)
        self.config = config
        self.say = say
        self.uri = tracking_uri(config, runs_folder)
        self.writer = Writer(config, runs_folder, say)
        self.behind: dict[Path, TrialFolder] = {}
        self.refused: dict[Path, str] = {}
        self.away = False
        self._study: StudyFolder | None = None
        self._parent: str | None = None
        self._runs: dict[Path, str] = {}
        self._since: dict[Path, float] = {}  # when a trial's present attempt began
        self._end: str | None = None
        self._retry_at = 0.0
        self._progress = time.monotonic()
        self._closing = False
        self._told = False
        self._messages: queue.Queue[Message] = queue.Queue()
        self._thread = threading.Thread(target=self._run, name="tracking", daemon=True)
        if config.enabled:
            self._thread.start()

    def _put(self, message: Message) -> None:
        if self.config.enabled:
            self._messages.put(message)

    def warm_up(self) -> None:
        """Imports MLflow, which takes seconds, before there is anything to write."""
        self._put(WarmUp())

    def start_study(self, study: StudyFolder) -> None:
        """Creates the parent run or resumes it, after the record in the study's folder."""
        self._put(StudyStarted(study))

    def progress(self, metrics: dict[str, float], step: int, moment: float) -> None:
        """Logs metrics of the parent run as a trial ends: its charts are the history of the search.

        Args:
            metrics: The parent's metrics.
            step: How many trials have ended.
            moment: Seconds since 1970.
        """
        self._put(StudyProgress([(step, moment, metrics)]))

    def finish_study(self, state: str) -> None:
        """Ends the parent run in a trial's state, such as COMPLETE."""
        self._put(StudyEnded(state))

    def start_trial(self, folder: TrialFolder) -> None:
        """Creates the trial's run or resumes it, after the record in its folder."""
        self._since[folder.path] = time.time()
        self._put(TrialStarted(folder))

    def epoch(self, folder: TrialFolder, row: dict[str, float]) -> None:
        """Logs a row of the history."""
        self._put(EpochsEnded(folder, [row]))

    def finish_trial(self, folder: TrialFolder) -> None:
        """Brings the trial's run up to its folder and ends it."""
        self._put(TrialEnded(folder))

    def close(self) -> bool:
        """Waits until everything is written, as long as there is progress; returns whether it was."""
        if not self.config.enabled:
            return True
        self._progress = time.monotonic()
        self._put(Close())
        if self._messages.qsize() > MANY:
            self.say(f"{self._messages.qsize():,} records are still to be written to {self.uri}")
        while self._thread.is_alive() and time.monotonic() - self._progress < PATIENCE_SECONDS:
            self._thread.join(0.2)
        return not (self._thread.is_alive() or self.behind or self.away or self.refused)

    def _run(self) -> None:
        while not self._closing:
            messages = self._next()
            try:
                if not self.away:
                    for message in messages:
                        self._apply(message)
                else:
                    for message in messages:
                        self._remember(message)
                    if self._closing or time.monotonic() >= self._retry_at:
                        self._catch_up()
                if self._parent is not None and not (self.away or self._closing):
                    self._stop_tag.look(self.writer, self._parent)
            except Exception as error:
                self._failed(error, messages)

    def _next(self) -> list[Message]:
        """Returns all messages that wait; none when it is time for another attempt."""
        try:
            messages = [self._messages.get(timeout=RETRY_SECONDS if self.away else self._stop_tag.wait)]
        except queue.Empty:
            return []
        while not self._messages.empty():
            messages.append(self._messages.get())
        for message in messages:
            if isinstance(message, TrialStarted):  # its run begins anew, whatever becomes of the message
                self._runs.pop(message.folder.path, None)
        self._closing = self._closing or isinstance(messages[-1], Close)
        return merged(messages)

    def _remember(self, message: Message) -> None:
        match message:
            case TrialStarted(folder) | EpochsEnded(folder) | TrialEnded(folder):
                self.behind[folder.path] = folder
            case StudyStarted(study):
                self._study = study
            case StudyEnded(state):
                self._end = state

    def _apply(self, message: Message) -> None:
        self._remember(message)
        match message:
            case WarmUp():
                trouble()
            case StudyStarted(study):
                self._begin_study(study)
                if self._parent is not None:
                    self._stop_tag.forget(self.writer, self._parent)
            case StudyProgress() | StudyEnded():
                try:
                    self._of_study(message)
                except Exception as error:  # its run may have been deleted in the meantime
                    if not is_refusal(error) or self._study is None:
                        raise
                    self._begin_study(self._study)
                    self._of_study(message)
            case TrialStarted(folder) | EpochsEnded(folder) | TrialEnded(folder):
                try:
                    self._try_trial(message)
                except Exception as error:
                    if not is_refusal(error):
                        raise
                    self._refuse(folder, error)
                self.behind.pop(folder.path, None)
        self._progress = time.monotonic()

    def _of_study(self, message: StudyProgress | StudyEnded) -> None:
        match message:
            case StudyProgress(steps) if self._study is not None and self._parent is not None:
                self.writer.progress(self._parent, self._study, steps)
            case StudyEnded():
                self._finish()

    def _begin_study(self, study: StudyFolder) -> None:
        """Creates or resumes the parent run; below one that was deleted its trials are brought again."""
        self._parent = self.writer.study(study)
        if self._parent in self.writer.runs.made_anew:
            self.writer.runs.made_anew.remove(self._parent)
            for folder in (*study.trials(), *study.confirmations()):
                if is_mirrored(folder) and not self.writer.runs.has(folder.tracking, self._parent):
                    self._apply(TrialEnded(folder))

    def _try_trial(self, message: OfTrial) -> None:
        """As `_trial`; a run that was deleted while its trial was running is looked up, and restored, once."""
        try:
            self._trial(message)
        except Exception as error:
            if not is_refusal(error) or self._runs.pop(message.folder.path, None) is None:
                raise
            self._trial(message)

    def _trial(self, message: OfTrial) -> None:
        folder = message.folder
        run_id = self._runs.get(folder.path)
        if folder.path in self.refused and not isinstance(message, TrialEnded):
            return
        match message:
            case TrialStarted():
                self._runs[folder.path] = self.writer.trial_started(folder, self._parent)
            case EpochsEnded(rows=rows) if run_id is not None:
                self.writer.epochs(run_id, self._of_this_attempt(folder, rows))
            case _:  # of a trial that has ended, or whose run is unknown after an outage, all is in the folder
                self._runs[folder.path] = self.writer.trial(folder, self._parent, run_id)
        self.refused.pop(folder.path, None)
        if folder.state.is_file():
            self._runs.pop(folder.path, None)

    def _of_this_attempt(self, folder: TrialFolder, rows: Sequence[dict[str, float]]) -> list[dict[str, float]]:
        """Returns rows without those of an attempt that was lost in the meantime."""
        return [row for row in rows if row["timestamp"] >= self._since.get(folder.path, 0.0)]

    def _refuse(self, folder: TrialFolder, error: Exception) -> None:
        if folder.path not in self.refused:
            self.say(f"tracking: {self.uri} does not take trial {folder.path.name}: {_reason(error)}")
        self.refused[folder.path] = _reason(error)

    def _finish(self) -> None:
        if self._study is not None and self._parent is not None and self._end is not None:
            self.writer.study_ended(self._parent, self._study, self._end)
            self._end = None

    def _catch_up(self) -> None:
        """Mirrors everything that is behind, from the folders."""
        count = len(self.behind)
        if self._study is not None:
            self._begin_study(self._study)
            self._progress = time.monotonic()
        for folder in list(self.behind.values()):
            self._apply(TrialEnded(folder))
        self._finish()
        self.away = self._told = False
        self.say(f"tracking has caught up: {plural(count, 'trial')} brought to {self.uri}")

    def _failed(self, error: Exception, messages: list[Message]) -> None:
        for message in messages:
            self._remember(message)
        self.away = True
        if not isinstance(error, trouble()) and self._study is not None:  # a bug of this package
            with (self._study.path / "tracking.log").open("a", encoding="utf-8") as log:
                traceback.print_exception(error, file=log)
        self._retry_at = time.monotonic() + RETRY_SECONDS
        if not self._told:
            self._told = True
            self.say(f"tracking is behind: {self.uri}: {_reason(error)}; the trials go on")


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {reason_of(error)}"
