"""Deletes a trial or a study, its MLflow runs too; what is left of a study is summarized anew."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from mnist_sweep import files
from mnist_sweep.config import Unavailable, UserError
from mnist_sweep.config.settings import TrackingConfig
from mnist_sweep.driver.best_file import write_best
from mnist_sweep.driver.study_page import Found, Leader, study_page
from mnist_sweep.report import refresh_report
from mnist_sweep.results.study import Study, read_study
from mnist_sweep.results.trial import Trial
from mnist_sweep.search.ranking import Ranking
from mnist_sweep.storage.deleted import note_deleted
from mnist_sweep.storage.folders import StudyFolder, TrialFolder
from mnist_sweep.storage.lock import locked
from mnist_sweep.storage.requests import who
from mnist_sweep.storage.state import FINISHED, TrialState, read_state
from mnist_sweep.storage.summary import SummarizedTrial, Summary, read_summary
from mnist_sweep.tracking import Writer, as_before, reason_of, trouble
from mnist_sweep.tracking.parent_metrics import parent_metrics

AWAY = ".deleted-"  # the beginning of a folder's name while its files are removed


class Deletion:
    """Deletes parts of a study."""

    def __init__(self, folder: StudyFolder, tracking: TrackingConfig, say: Callable[[str], None]) -> None:
        """Deletes nothing yet.

        Args:
            folder: The study's folder, of a search or of single trials.
            tracking: Where MLflow is, unless the study's runs are elsewhere.
            say: Reports what MLflow does, in lines.

        Raises:
            UserError: The study's MLflow wants a password.
        """
        self.folder = folder
        runs = [one.tracking for one in (*folder.trials(), *folder.confirmations())]
        self.tracked = [file for file in (*runs, folder.tracking) if file.is_file()]
        config = as_before(replace(tracking, enabled=True), folder)
        self.writer = Writer(config, folder.path.parent, say) if self.tracked else None

    def check_trial(self, number: int) -> TrialFolder:
        """Returns the folder of a trial that can be deleted.

        Raises:
            UserError: There is no such trial, or the study needs it.
        """
        name, trial = f"{self.folder.name}/{number}", self.folder.trial(number)
        if not trial.path.is_dir():
            raise UserError(f"{name} is not there: study {self.folder.name} has no trial {number}")
        if not self.folder.journal.exists():
            return trial
        if number == 0:
            raise UserError(f"{name} can't be deleted: it is the baseline, with which all others are compared")
        state = read_state(trial.state)
        if state is None or state.state not in FINISHED:
            raise UserError(f"{name} can't be deleted before it has ended: the same sweep command runs it again")
        if any(int(one.path.name.partition("-")[0]) == number for one in self.folder.confirmations()):
            raise UserError(f"{name} can't be deleted: it was confirmed, and confirmed.json compares it with others")
        return trial

    def trial(self, number: int) -> None:
        """Deletes a trial.

        Raises:
            UserError: The study is running, or needs the trial.
            Unavailable: MLflow can't be reached; nothing is deleted.
        """
        is_search = self.folder.journal.exists()
        with locked(self.folder) if is_search else _free(self.folder.trial(number)):
            trial = self.check_trial(number)
            self._delete_runs([trial.tracking])
            note_deleted(self.folder, number, who())
            _remove(trial.path)
            if is_search:
                self._summarize()

    def study(self) -> None:
        """Deletes the study with everything in it.

        Raises:
            UserError: It is running.
            Unavailable: MLflow can't be reached; nothing is deleted.
        """
        single = [] if self.folder.journal.exists() else self.folder.trials()
        for trial in single:
            with _free(trial):
                pass
        with locked(self.folder):
            self._delete_runs(self.tracked)
            _remove(self.folder.path)

    def _delete_runs(self, tracked: list[Path]) -> None:
        if self.writer is not None:
            try:
                for file in tracked:
                    self.writer.runs.delete(file)
            except trouble() as error:
                raise Unavailable(
                    f"the MLflow runs in {self.writer.runs.uri} can't be deleted ({reason_of(error)}), so nothing is"
                ) from None

    def _summarize(self) -> None:
        """Writes best.yaml, summary.json, report and README.md of what is left, and brings them to MLflow."""
        study, before = read_study(self.folder), read_summary(self.folder.summary)
        if before is None:
            return  # a sweep that was killed early; the next one writes them
        summary = _summary(study, before)
        summary.write(self.folder.summary)
        if study.best is None:
            self.folder.best.unlink(missing_ok=True)
        else:
            best = study.best
            content = {key: value for key, value in files.read_yaml(best.folder.config).items() if key != "recorded"}
            write_best(self.folder, best.folder, _line(study, best), _command(best), content, _overrides(best))
        refresh_report(self.folder)
        files.write_text(self.folder.readme, study_page(_found(study, summary)))
        if self.writer is not None and self.folder.record.is_file():
            try:
                self._tell_mlflow(self.writer, study, summary)
            except trouble() as error:
                self.writer.say(
                    f"{self.writer.runs.uri} is behind ({reason_of(error)}): `mnist-sweep sync` brings it up"
                )

    def _tell_mlflow(self, writer: Writer, study: Study, summary: Summary) -> None:
        run_id = writer.study(self.folder)
        best = summary.best.value if summary.best else None
        counts = Counter({state: summary.states.get(state, 0) for state in FINISHED})
        writer.correct(run_id, parent_metrics(counts, study.metric, best))
        is_complete = all(trial.state in FINISHED for trial in study.trials)
        writer.study_ended(run_id, self.folder, TrialState.COMPLETE if is_complete else TrialState.INTERRUPTED)


@contextmanager
def _free(trial: TrialFolder) -> Iterator[None]:
    """Holds the lock of a single trial; raises UserError where it is running."""
    if not trial.path.is_dir():
        yield
        return
    lock = FileLock(trial.lock)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(f"{trial.path.parent.parent.name}/{int(trial.path.name)} is running: stop it first") from None
    try:
        yield
    finally:
        lock.release()


def _remove(folder: Path) -> None:
    """Removes a folder: at once for others, whatever happens in between."""
    for left in folder.parent.glob(f"{AWAY}*"):  # of a process that was killed here
        shutil.rmtree(left, ignore_errors=True)
    away = folder.with_name(f"{AWAY}{folder.name}")
    folder.rename(away)
    shutil.rmtree(away, ignore_errors=True)


def _overrides(trial: Trial) -> list[str]:
    return [str(text) for text in files.read_yaml_list(trial.folder.overrides)]


def _command(trial: Trial) -> str:
    return str(trial.environment.command) if trial.environment and trial.environment.command else ""


def _line(study: Study, trial: Trial) -> str:
    return f"trial {trial.number}, {study.metric} {trial.values[0]:.4f}{trial.spread(study.metric)}"


def _summary(study: Study, before: Summary) -> Summary:
    """Returns the summary of the trials that are left; the earlier times stay."""

    def summarized(trial: Trial | None) -> SummarizedTrial | None:
        if trial is None:
            return None
        digest = trial.environment.weights_digest if trial.environment else None
        return SummarizedTrial(trial.number, trial.values[0], list(trial.values), _overrides(trial), digest)

    ranking = Ranking(study.objectives)
    for trial in study.ranked:
        ranking.add(trial.number, tuple(trial.values))
    return replace(
        before,
        states={state: len(study.of_state(state)) for state in FINISHED},
        best=summarized(study.best),
        baseline=summarized(study.baseline),
        pareto_front=ranking.front() if len(study.metrics) > 1 else None,
    )


def _found(study: Study, summary: Summary) -> Found:
    best, baseline = study.best, study.baseline
    answer, commands = "No complete trial is left that can be the best", []
    if best is not None:
        against = f" (the baseline, trial 0: {baseline.values[0]:.4f})" if baseline else ""
        answer, commands = f"Best: {_line(study, best)}{against}", [_command(best), study.command("reproduce")]
    ended = f"Ended: {summary.ended}." if summary.ended else None
    leaders = [Leader(trial.number, trial.values[0], trial.overrides) for trial in study.ranked]
    states: dict[TrialState, Any] = dict(summary.states)
    notes = [note for note in (summary.note, ended, study.traits.note) if note]
    return Found(study.folder, answer, states, study.metric, leaders, commands, notes)
