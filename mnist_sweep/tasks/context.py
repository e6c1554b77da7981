"""What a task may know of the trial that it runs, and how it reports."""

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mnist_sweep.config import TrialConfig
from mnist_sweep.config.constraints import parse_constraint, violations
from mnist_sweep.config.metrics import AROUND, BEST
from mnist_sweep.storage.folders import TrialFolder
from mnist_sweep.storage.history import append_history, begin_history
from mnist_sweep.tasks.checkpoints import key_of, resume, save
from mnist_sweep.tasks.reported import check_name, number
from mnist_sweep.tasks.trial_settings import TrialSettings

OWN_FILES = frozenset(one.name for one in (  # of every trial, whatever its task
    TrialFolder.config, TrialFolder.overrides, TrialFolder.history, TrialFolder.metrics, TrialFolder.environment,
    TrialFolder.log, TrialFolder.state, TrialFolder.record, TrialFolder.tracking, TrialFolder.lock,
    TrialFolder.checkpoint, TrialFolder.usage,
))  # fmt: skip


class StopTrial(Exception):  # noqa: N818 - not an error: the driver asked for it
    """Raised by `TrialContext.report` where the trial was pruned or stopped: let it pass."""


class TrialContext:
    """All that a task may know of its trial.

    Attributes:
        seed: The seed of everything random in the trial: a hash of the study's seed and the configuration.
        folder: The trial's folder; files that are written there stay with the trial.
        threads: How many threads the trial may use.
        keep_model: Whether a trained model is to be written: only of the best trials.
    """

    def __init__(
        self,
        config: TrialConfig,
        folder: TrialFolder,
        settings: TrialSettings,
        on_epoch: Callable[[Mapping[str, float]], None],
        should_stop: Callable[[], bool],
        on_trained: Callable[[], None],
        on_checkpoint: Callable[[], None] = lambda: None,
    ) -> None:
        """Begins the trial's history.

        Args:
            config: Its configuration.
            folder: Its folder, which exists.
            settings: What the driver tells it besides.
            on_epoch: Is called with each row of the history.
            should_stop: Is asked whether the trial has to stop.
            on_trained: Is called once after training.
            on_checkpoint: Is called when a checkpoint has been written.
        """
        self.config, self.settings, self.files = config, settings, folder
        self.seed, self.folder, self.keep_model = config.trial_seed(), folder.path, settings.keep_model
        self.threads = 1
        self.rows: list[dict[str, float]] = []
        self.stopped = False
        self.started = time.time()
        self.ended: float | None = None
        self.digest: str | None = None  # of what was computed, where a task has a better one than of its metrics
        self.outcome: dict[str, Any] = {}  # for environment.json
        self.named: list[str] = []
        self.refused: dict[str, float] = {}  # the metrics for which it is not trained
        self._on_epoch, self._should_stop, self._on_trained = on_epoch, should_stop, on_trained
        self._on_checkpoint = on_checkpoint
        self._epoch_began = time.perf_counter()

    def report(self, epoch: float, **metrics: float) -> None:
        """Reports an epoch, or any other step: the trial may be pruned by it.

        Args:
            epoch: Its number, greater than that of the last report.
            **metrics: Its metrics, the same names in every report.

        Raises:
            StopTrial: The trial was pruned or stopped.
            FloatingPointError: A metric is infinite or NaN: the trial has failed.
        """
        if self.is_over():
            self._stop()
        self.record(epoch, metrics, time.perf_counter() - self._epoch_began)
        self._epoch_began = time.perf_counter()
        if self._should_stop() or (self.settings.was_stopped and self.is_over()):
            self._stop()

    @property
    def last_epoch(self) -> float:
        """The epoch that was reported last, also before the trial was resumed; 0 at the start."""
        return self.rows[-1]["epoch"] if self.rows else 0

    def checkpoint(self, epoch: float, files: Mapping[str, bytes]) -> None:
        """Saves what the task needs to go on after an epoch if the trial is lost, in place of what was saved before.

        Saved as well are the history, the states of Python's and NumPy's random numbers, and the files of `add_file`.

        Args:
            epoch: The epoch that was reported last.
            files: Contents by name.

        Raises:
            ValueError: Another epoch was reported last: on resumption, reports would be missing, or come twice.
        """
        if not self.rows or epoch != self.last_epoch:
            raise ValueError(f"checkpoint must be of the last epoch reported, {self.last_epoch:g}, got {epoch}")
        if wrong := [name for name, content in files.items() if not isinstance(content, bytes)]:
            raise TypeError(f"checkpoint takes files as bytes, but {wrong[0]} is {type(files[wrong[0]]).__name__}")
        began = time.perf_counter()
        save(self.files.checkpoint, self._key(), self.rows, self.named, files)
        self._on_checkpoint()
        self._epoch_began += time.perf_counter() - began

    def resumed(self) -> Mapping[str, bytes] | None:
        """Returns the files of the last checkpoint where the trial was lost after it, None for one that begins.

        The history is then as it was after that checkpoint's epoch, as are the states of the random numbers.

        Raises:
            ValueError: An epoch has been reported before.
        """
        if self.rows:
            raise ValueError("resumed must be called before the first report")
        if (found := resume(self.files.checkpoint, self._key())) is None:
            return None
        self.named = list(found.position.named)
        for row in found.position.rows:
            self._add({**row, "epoch": _whole(row["epoch"])})
        sys.stdout.write(f"goes on after epoch {self.last_epoch:g}, from its checkpoint\n")
        self.outcome["resumed_after"] = self.last_epoch
        self._epoch_began = time.perf_counter()
        return found.files

    def _key(self) -> str:
        return key_of(self.config, self.settings.data, self.settings.environment.get("sources") or {})

    def known(self, **metrics: float) -> None:
        """Reports metrics that are known before anything is trained, and are returned at the end as well.

        Args:
            **metrics: The metrics.

        Raises:
            StopTrial: They do not meet `search.constraints`, so there is nothing to train.
        """
        found = {name: number(name, value) for name, value in metrics.items()}
        if violations(list(map(parse_constraint, self.settings.constraints)), found):
            self.refused = found
            self._stop()

    def should_stop(self) -> bool:
        """Returns whether the trial was pruned or stopped, for a task that wants to end earlier than `report` does."""
        return self.is_over() or self._should_stop()

    def trained(self) -> None:
        """Says that the training has ended: the next trial may begin, while this one writes figures and files."""
        if self.ended is None:
            self.ended = time.time()
            self._on_trained()

    def add_file(self, name: str) -> Path:
        """Names a file of the trial's folder that is part of its result: `reproduce` compares it to the bit.

        Args:
            name: Its name within the folder.

        Returns:
            Its path.
        """
        path = self.folder / name
        if path.parent != self.folder or name in ("", ".", ".."):
            raise ValueError(f"add_file takes the name of a file in the trial's folder, got {name!r}")
        if name in OWN_FILES:
            raise ValueError(f"add_file takes the name of a file of your own, but {name} is what every trial has")
        if name not in self.named:
            self.named.append(name)
        return path

    def is_over(self) -> bool:
        """Returns whether the trial repeats one that was stopped after as many epochs."""
        last = self.settings.stop_after
        return last is not None and len(self.rows) >= last

    def record(self, epoch: float, metrics: Mapping[str, Any], seconds: float) -> None:
        """Records an epoch as `report` does; the trial goes on whatever is asked for."""
        if not metrics:
            raise ValueError("report must have metrics, such as report(1, loss=0.5)")
        step = number("epoch", epoch)
        if step < 0 or (self.rows and step <= self.rows[-1]["epoch"]):
            raise ValueError(f"report must have an epoch from 0 that grows, got {epoch}" + (
                f" after {self.rows[-1]['epoch']:g}" if self.rows else ""))  # fmt: skip
        for name in metrics:
            check_name(name)
            if name.startswith(BEST):
                raise ValueError(f"the metric {name} can't be reported: {BEST}NAME is the best of the epochs of NAME")
        row = {name: number(name, value) for name, value in metrics.items()}
        row = {"epoch": _whole(step), **row, "seconds": seconds, "timestamp": time.time()}
        if self.rows and list(row) != list(self.rows[0]):
            if set(row) != set(self.rows[0]):
                names = ", ".join(name for name in self.rows[0] if name not in AROUND)
                raise ValueError(f"report must have the same metrics each time, {names}, got {', '.join(metrics)}")
            row = {name: row[name] for name in self.rows[0]}
        self._add(row)

    def _add(self, row: dict[str, float]) -> None:
        if not self.rows:
            begin_history(self.files.history, list(row))
        self.rows.append(row)
        append_history(self.files.history, row, list(row))
        self._on_epoch(row)

    def _stop(self) -> None:
        self.stopped = True
        raise StopTrial


def _whole(epoch: float) -> float:
    return int(epoch) if epoch.is_integer() else epoch
