"""A study from Python: its trials, and what can be done with it."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnist_sweep.api.around import defaults, surroundings, tracking_of, unchanged_environment
from mnist_sweep.api.trial import Trial
from mnist_sweep.config import UserError
from mnist_sweep.config.check import check
from mnist_sweep.config.commands import study_command
from mnist_sweep.config.flatten import flatten
from mnist_sweep.config.settings import ConfirmConfig, parse_surroundings
from mnist_sweep.confirm.session import Confirming, confirm
from mnist_sweep.driver.deletion import Deletion
from mnist_sweep.execution.jobs import shortest
from mnist_sweep.execution.progress import Silent
from mnist_sweep.report import write_report
from mnist_sweep.results import study as results
from mnist_sweep.results.confirmation import Confirmation
from mnist_sweep.results.ensemble import Ensemble, ensemble
from mnist_sweep.results.statistics import McNemar, mcnemar
from mnist_sweep.results.table import check_target, trials_table, write_table
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.lock import is_held
from mnist_sweep.storage.requests import Kind, Request, send, who
from mnist_sweep.storage.state import TrialState
from mnist_sweep.tasks.data import not_shown

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Comparison:
    """What differs between two trials.

    Attributes:
        config: The keys of the configuration that differ, with both values.
        metrics: The metrics that both have, with both values.
        images: How many validation images only one of them gets right, and the exact p-value; None where a trial has
            no predictions.
    """

    config: dict[str, tuple[Any, Any]]
    metrics: dict[str, tuple[float, float]]
    images: McNemar | None


class Study:
    """A study as its folder has it; reading it again shows what a running sweep has added.

    Attributes:
        folder: Its folder.
        name: Its name.
    """

    def __init__(self, folder: Path, trusted: Sequence[str] = ()) -> None:
        """Reads a study; use `mnist_sweep.open_study`.

        Args:
            folder: Its folder.
            trusted: The modules whose functions its configurations may name.
        """
        self._folder, self._trusted = StudyFolder(Path(folder)), list(trusted)
        self.folder, self.name = self._folder.path, self._folder.name

    def __repr__(self) -> str:
        """Returns its name, and how many trials it has in each state."""
        read = self._read()
        counts = {state: len(read.of_state(state)) for state in TrialState}
        return f"<Study {self.name}: {', '.join(f'{n} {state.value}' for state, n in counts.items() if n) or 'empty'}>"

    def _read(self) -> results.Study:
        return results.read_study(self._folder, is_held(self._folder))

    def _trial(self, trial: Any) -> Trial | None:
        return None if trial is None else Trial(trial.folder.path, self._trusted)

    @property
    def metrics(self) -> list[str]:
        """The names of its objectives."""
        return self._read().metrics

    @property
    def trials(self) -> list[Trial]:
        """All trials, by number."""
        return [Trial(trial.folder.path, self._trusted) for trial in self._read().trials]

    @property
    def best(self) -> Trial | None:
        """The best complete trial by the first objective, None while there is none."""
        return self._trial(self._read().best)

    @property
    def baseline(self) -> Trial | None:
        """Trial 0, which has the base configuration; None unless it is complete."""
        return self._trial(self._read().baseline)

    def trials_dataframe(self) -> "pd.DataFrame":
        """Returns a row for each trial: number, state, values, `params_...`, metrics, `system_...`."""
        return trials_table(self._read())

    def export(self, to: str | Path) -> Path:
        """Writes the table of `trials_dataframe` into a new file; returns its path.

        Args:
            to: The file; its ending says the format: .csv, .json or .parquet.

        Raises:
            UserError: It is there already, or can't be written.
        """
        file = check_target(str(to))
        write_table(self._read(), file)
        return file

    def report(self, file: str | Path | None = None) -> Path:
        """Writes its page, and returns where: report.html in its folder, or the file."""
        return write_report(self._read(), file=None if file is None else Path(file))

    def stop(self, trial: int | None = None) -> str:
        """Stops the search that another process runs on it, as by Ctrl-C, or one of its trials.

        Args:
            trial: The number of a running trial, None for the search.

        Returns:
            What the search answers.

        Raises:
            UserError: It is not running, or can't do that.
        """
        return self._ask("stop", trial=trial)

    def pause(self) -> str:
        """Lets no further trial begin; see `stop`."""
        return self._ask("pause")

    def resume(self) -> str:
        """Lets trials begin again; see `stop`."""
        return self._ask("resume")

    def add(self, *overrides: str) -> str:
        """Adds a trial that the running search tries next, such as "model.dropout=0.3"; see `stop`."""
        return self._ask("add", overrides)

    def set(self, *overrides: str) -> str:
        """Changes limits of the running search, such as "search.n_trials=60"; see `stop`."""
        return self._ask("set", overrides)

    def _ask(self, kind: Kind, overrides: Sequence[str] = (), trial: int | None = None) -> str:
        answer = send(self._folder, Request(kind, who(), time.time(), trial, tuple(overrides)))
        if not answer.is_done:
            raise UserError(answer.text)
        return answer.text

    def ensemble(self, top_k: int = 5) -> Ensemble:
        """Returns what the mean of its best trials' predictions gets right on the validation images.

        Args:
            top_k: How many trials, at most; from 2.

        Raises:
            UserError: They are too few, or have no predictions.
        """
        return ensemble(self._read(), top_k)

    def delete(self, trial: int | None = None) -> None:
        """Deletes one of its trials, or all of it, with the MLflow runs, without a question.

        Args:
            trial: The number of the trial, None for the study.

        Raises:
            UserError: It is running, or needs the trial.
            Unavailable: MLflow can't be reached; nothing is deleted.
        """
        around = surroundings(self.folder.parent, self._trusted)
        deletion = Deletion(self._folder, around.tracking, lambda _: None)
        with unchanged_environment():
            deletion.study() if trial is None else deletion.trial(trial)

    def confirm(self, seeds: int | str = 5, top_k: int = 3) -> Confirmation:
        """Trains the best trials on fresh seeds, judges them by the test images, and compares them.

        Args:
            seeds: How often each is trained: a number, or a range such as `5..15`, of which only those that are
                still open take more than the first.
            top_k: How many of the best trials, besides the baseline.

        Returns:
            The figures, as in confirmed.json.

        Raises:
            UserError: There is nothing to confirm.
            KeyboardInterrupt: It was interrupted; the same call goes on.
        """
        what = defaults(self.folder.parent, self._trusted)
        around = parse_surroundings(what.config, what.trusted)
        asked = Confirming(
            study=self._folder,
            confirm=check(ConfirmConfig, {"top_k": top_k, "seeds": seeds}, "confirm"),
            runtime=around.runtime,
            tracking=tracking_of(self._folder, around.tracking),
            runs_folder=around.runs_folder,
            trusted=self._trusted,
            flags=[],
            line=f"{study_command('confirm', self.name, self._trusted)} confirm.seeds={seeds} confirm.top_k={top_k}",
            composer=what.composer,
        )
        with unchanged_environment():
            _, found = confirm(asked, Silent(), not_shown, lambda _: None)
        if found is None:
            raise KeyboardInterrupt
        return found

    def compare(self, first: int, second: int) -> Comparison:
        """Compares two trials.

        Args:
            first: The number of one.
            second: The number of the other.

        Raises:
            UserError: There is no such trial.
        """
        one, other = self[first], self[second]
        left, right = flatten(one.config), flatten(other.config)
        keys = [key for key in {**left, **right} if left.get(key) != right.get(key)]
        both = [name for name in one.metrics if name in other.metrics]
        mine, theirs = one.predictions, other.predictions
        return Comparison(
            config={key: (left.get(key), right.get(key)) for key in keys},
            metrics={name: (one.metrics[name], other.metrics[name]) for name in both},
            images=mcnemar(mine.right, theirs.right) if mine is not None and theirs is not None else None,
        )

    def __len__(self) -> int:
        """Returns how many trials there are."""
        return len(self._folder.trials())

    def __iter__(self) -> Iterator[Trial]:
        """Yields all trials, by number."""
        return iter(self.trials)

    def __getitem__(self, number: int) -> Trial:
        """Returns a trial by its number; raises UserError where there is none."""
        if not isinstance(number, int) or isinstance(number, bool) or number < 0:
            raise UserError(f"a trial's number must be a whole number from 0, got {number!r}")
        folder = self._folder.trial(number)
        if not folder.path.is_dir():
            raise UserError(f"study {self.name} has no trial {number}")
        return Trial(folder.path, self._trusted)


def open_study(folder: str | Path, allowed_targets: Sequence[str] = ()) -> Study:
    """Returns a study from its folder, such as runs/cnn-mnist.

    Args:
        folder: The study's folder.
        allowed_targets: Modules of your own that its trials' configurations may name: `runtime.allowed_targets`.

    Raises:
        UserError: There is no study.
    """
    if not isinstance(folder, str | Path):
        raise UserError(f"folder must be a study's folder, such as runs/cnn-mnist, got {folder!r}")
    path = Path(folder).expanduser().absolute()
    if not (path / "config.yaml").is_file() or not (path / "study.journal").exists():
        runs = path.parent / "runs" / path.name
        hint = f"; did you mean {shortest(runs)}?" if (runs / "study.journal").exists() else ""
        raise UserError(
            f"{folder} is no study's folder, such as runs/cnn-mnist: it has no config.yaml and study.journal{hint}"
        )
    return Study(path, allowed_targets)
