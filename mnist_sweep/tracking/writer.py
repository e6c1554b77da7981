"""Brings MLflow's runs up to the folders of trials and studies; doing it twice changes nothing."""

import json
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mnist_sweep.config.settings import TrackingConfig
from mnist_sweep.files import read_json_or_empty
from mnist_sweep.storage.environment import read_environment
from mnist_sweep.storage.folders import StudyFolder, TrialFolder
from mnist_sweep.storage.run_record import read_record
from mnist_sweep.storage.state import FINISHED
from mnist_sweep.tracking import entities
from mnist_sweep.tracking.entities import STATUS
from mnist_sweep.tracking.pages import runs_page
from mnist_sweep.tracking.parent_metrics import history
from mnist_sweep.tracking.runs import Runs

VIEW = "mlflow.sharedViewState."  # the tag of an experiment in which MLflow's page keeps a view
LONGEST_TAG, LONGEST_NOTE = 5000, 7500  # characters that MLflow accepts


class Writer:
    """Writes to one MLflow store; raises what MLflow raises where the store is unreachable.

    Attributes:
        runs: The store's runs.
        say: Reports what was restored, in lines.
    """

    def __init__(self, config: TrackingConfig, runs_folder: Path, say: Callable[[str], None]) -> None:
        """Opens nothing yet.

        Args:
            config: Where the store is.
            runs_folder: The folder of the default store.
            say: Reports what was restored, in lines.
        """
        self.runs = Runs(config, runs_folder, say)
        self.say = say
        self._sent: dict[str, int] = {}  # of a parent's metrics, the last step

    def study(self, study: StudyFolder) -> str:
        """Resumes or creates the parent run, with the history of the search; returns its id."""
        record = read_record(study.record)
        run_id = self.runs.begin(study.tracking, record, None)
        if run_id in self.runs.made_anew:
            self.say(f"The run of study {study.name} was deleted in {self.runs.uri}: it is there again")
        view = json.dumps(entities.view_of(record))
        if len(view) <= LONGEST_TAG:
            self.runs.client.set_experiment_tag(self.runs.experiment, f"{VIEW}{record.tags['study']}", view)
        latest = self.runs.client.get_run(run_id).data.metrics
        self._sent[run_id] = int(sum(latest.get(f"trials_{state.lower()}", 0) for state in FINISHED))
        self.progress(run_id, study, history(study))
        return run_id

    def _readme(self, run_id: str, study: StudyFolder) -> None:
        if study.readme.is_file():
            answer, _, rest = study.readme.read_text(encoding="utf-8", errors="replace").partition("\n")
            link = runs_page(self.runs.experiment, read_record(study.record).tags["study"])
            text = f"{answer}\n\n[All trials as a table]({link})\n{rest}"
            self.runs.client.set_tag(run_id, "mlflow.note.content", text[:LONGEST_NOTE])

    def progress(self, run_id: str, study: StudyFolder, rows: Iterable[tuple[int, float, dict[str, float]]]) -> None:
        """Logs metrics of the parent run and updates its description.

        Args:
            run_id: The parent run.
            study: The study's folder.
            rows: How many trials had ended, when (seconds since 1970), and the metrics then.
        """
        new = [row for row in rows if row[0] > self._sent.get(run_id, 0)]
        self.runs.log(run_id, entities.progress_metrics(new))
        self._sent[run_id] = max((step for step, _, _ in new), default=self._sent.get(run_id, 0))
        self._readme(run_id, study)

    def correct(self, run_id: str, metrics: dict[str, float]) -> None:
        """Logs metrics of the parent run in place of its latest, as trials that it counts are no longer there."""
        self.runs.log(run_id, entities.progress_metrics([(self._sent.get(run_id, 0), time.time(), metrics)]))

    def study_ended(self, run_id: str, study: StudyFolder, state: str) -> None:
        """Ends the parent run, with the study's files as artifacts.

        Args:
            run_id: MLflow's id of the run.
            study: The study.
            state: How it has ended.
        """
        files = (study.config, study.best, study.summary, study.confirmed, study.winner, study.audit, study.hardest)
        for file in (*files, study.report):
            if file.is_file():
                self.runs.client.log_artifact(run_id, str(file))
        for figure in sorted(study.figures.glob("[!.]*.png")):
            self.runs.client.log_artifact(run_id, str(figure), "figures")
        if tags := entities.confirmed_tags(study):
            self.runs.client.log_batch(run_id, tags=entities.tags(tags))
        self._readme(run_id, study)
        self.runs.client.set_terminated(run_id, STATUS[state])
        self.runs.note_mirrored(study.tracking, state)

    def trial_started(self, folder: TrialFolder, parent: str | None) -> str:
        """Resumes or creates a trial's run below its parent; returns its id."""
        return self.runs.begin(folder.tracking, read_record(folder.record), parent)

    def epochs(self, run_id: str, rows: Sequence[dict[str, float]]) -> None:
        """Logs epochs of a trial, rows of its history, in one request."""
        self.runs.log(run_id, entities.epoch_metrics(rows))

    def trial(self, folder: TrialFolder, parent: str | None, run_id: str | None = None) -> str:
        """Brings a trial's run up to its folder: curves, and if it has ended metrics, files and state.

        Args:
            folder: The trial's folder.
            parent: The parent run, None for a single trial.
            run_id: The trial's run where it is known; it is otherwise resumed or created.

        Returns:
            The id of the trial's run.
        """
        params: list[Any] = []
        tags: dict[str, Any] = {}
        record, state = read_record(folder.record), read_json_or_empty(folder.state)
        if run_id is None:
            run_id, params, tags = self.runs.resume_or_create(folder.tracking, record, parent)
        ended = state.get("state") in STATUS
        is_test = entities.is_on_test_images(record)
        metrics = entities.epoch_metrics(folder.rows(), is_test)
        if ended:
            metrics += entities.final_metrics(folder, is_test)
            metrics += entities.system_metrics(folder, state.get("ended") or record.started)
            tags |= _state_tags(folder, state)
        self.runs.log(run_id, metrics, params, entities.tags(tags))
        if ended:
            self._files(run_id, folder)
            moment = int(state["ended"] * 1000) if state.get("ended") else None
            self.runs.client.set_terminated(run_id, STATUS[state["state"]], moment)
            self.runs.note_mirrored(folder.tracking, state["state"])
        return run_id

    def _files(self, run_id: str, folder: TrialFolder) -> None:
        """Logs a trial's files in one call: MLflow looks up the artifact location once a call."""
        figures = [f"figures/{figure.name}" for figure in sorted(folder.figures.glob("[!.]*.png"))]
        with tempfile.TemporaryDirectory() as links:
            (Path(links) / "figures").mkdir() if figures else None
            for name in (*entities.ARTIFACTS, *figures):
                if (folder.path / name).is_file():
                    (Path(links) / name).symlink_to((folder.path / name).absolute())
            self.runs.client.log_artifacts(run_id, links)


def _state_tags(folder: TrialFolder, state: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the tags that a run gets when its trial has ended."""
    found = {key: state[key] for key in ("state", "reason", "retries", *entities.STATE_TAGS) if state.get(key)}
    environment = read_environment(folder.environment)
    if environment is None:
        return found
    names = ("weights_digest", "trial_seed", "node", "machine_class")
    outcome = {name: getattr(environment, name) for name in names}
    return found | {key: value for key, value in outcome.items() if value}
