"""Which of MLflow's runs belongs to a folder, as its mlflow.json notes it: found, created, restored, deleted."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mnist_sweep.config import UserError
from mnist_sweep.config.secrets import is_masked, masked
from mnist_sweep.config.settings import TrackingConfig
from mnist_sweep.files import read_json_or_empty, write_json
from mnist_sweep.storage.folders import StudyFolder, TrialFolder
from mnist_sweep.storage.run_record import RunRecord
from mnist_sweep.tracking import entities
from mnist_sweep.tracking.store import open_store, tracking_uri

ID = "mnist_sweep.id"  # the tag by which a run is found whose creation was interrupted
STOP = "stop"  # the tag by which a person stops a search
PARENT = "mlflow.parentRunId"
BATCH = 1000  # metrics, parameters and tags in one request


class Runs:
    """The runs of one MLflow store; raises what MLflow raises where the store is unreachable.

    What a person has deleted in MLflow is restored where it is needed, as a new run would lack its history.

    Attributes:
        experiment: The id of the experiment, once the store is open.
        made_anew: The ids of runs that were restored, or made in place of one that is gone.
    """

    def __init__(self, config: TrackingConfig, runs_folder: Path, say: Callable[[str], None]) -> None:
        """Opens nothing yet.

        Args:
            config: Where the store is.
            runs_folder: The folder of the default store.
            say: Reports what was restored, in lines.
        """
        self.config = config
        self.say = say
        self.made_anew: set[str] = set()
        self.runs_folder = runs_folder
        self.uri = tracking_uri(config, runs_folder)
        self._store = masked(config.uri) if config.uri else None  # as mlflow.json names it
        self._client: Any = None
        self.experiment = ""

    @property
    def client(self) -> Any:
        """MLflow's client; the store is opened when it is first needed."""
        if self._client is None:
            self._client, self.experiment = open_store(self.config, self.runs_folder, self.say)
        return self._client

    def _found(self, where: Mapping[str, str]) -> Any:
        """Returns a run with these tags or None; MLflow can't search for a value with both kinds of quotes."""
        client = self.client
        if any("'" in value and '"' in value for value in where.values()):
            return None
        quotes = {key: '"' if "'" in value else "'" for key, value in where.items()}
        condition = " and ".join(f"tags.`{key}` = {quotes[key]}{value}{quotes[key]}" for key, value in where.items())
        found = client.search_runs([self.experiment], condition, max_results=1)
        return found[0] if found else None

    def _existing(self, noted: Mapping[str, Any]) -> Any:
        """Returns the run that was noted, None if it is not in this store."""
        from mlflow.exceptions import MlflowException

        if noted.get("uri", self._store) != self._store:
            return None
        if noted.get("run_id"):
            try:
                return self.client.get_run(noted["run_id"])
            except MlflowException as error:
                if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                    raise
                return None  # the store is a new one
        return self._found({ID: noted["id"]}) if noted.get("id") else None

    def has(self, file: Path, parent: str | None) -> bool:
        """Returns whether the run that an mlflow.json names is in this store, not deleted and below its parent."""
        run = self._existing(read_json_or_empty(file))
        return run is not None and not _is_deleted(run) and parent in (None, run.data.tags.get(PARENT))

    def delete(self, file: Path) -> None:
        """Marks the run that an mlflow.json names as deleted, if it is in this store; `mlflow gc` frees its files."""
        run = self._existing(read_json_or_empty(file))
        if run is not None and not _is_deleted(run):
            self.client.delete_run(run.info.run_id)

    def take_stop(self, run_id: str) -> bool:
        """Returns whether a person has set the tag `stop` of a run, and removes it."""
        is_there = STOP in self.client.get_run(run_id).data.tags
        if is_there:
            self.client.delete_tag(run_id, STOP)
        return is_there

    def begin(self, file: Path, record: RunRecord, parent: str | None) -> str:
        """Returns the id of a record's run, resumed or created; logs the parameters and tags that it lacks."""
        run_id, params, tags = self.resume_or_create(file, record, parent)
        self.log(run_id, [], params, entities.tags(tags))
        return run_id

    def resume_or_create(
        self, file: Path, record: RunRecord, parent: str | None
    ) -> tuple[str, list[Any], dict[str, str]]:
        """Returns the id of a record's run, and the parameters and tags that it lacks.

        A run that was deleted in MLflow is restored; another attempt of a trial replaces its run.
        """
        noted = read_json_or_empty(file)
        run, key = self._noted_run(file, noted, record), noted.get("id")
        is_another_attempt = noted.get("started") not in (None, record.started)
        if run is not None and is_another_attempt:
            if not _is_deleted(run):
                self.client.delete_run(run.info.run_id)  # its curves would be logged twice
            run, key = None, None
        is_new = run is None
        if run is None:
            key = key or uuid.uuid4().hex
            run = self._create(file, record, parent, key)
        run_id = str(run.info.run_id)
        if _is_deleted(run):
            self.client.restore_run(run_id)
        if _is_deleted(run) or (is_new and noted.get("mirrored")):
            self.made_anew.add(run_id)
        if run.info.status != "RUNNING" or run.info.run_name != record.name:
            self.client.update_run(run_id, status="RUNNING", name=record.name)
        params = [p for p in entities.parameters(record.params, record.searched) if p.key not in run.data.params]
        wanted = {**record.tags, **({PARENT: parent} if parent else {})}
        changed = {name: value for name, value in wanted.items() if run.data.tags.get(name) != value}
        if record.data.get("digests"):
            self.client.log_inputs(run_id, [entities.data_input(record.data)])
        self._note(file, {"run_id": run_id, "id": key, "started": record.started})
        return run_id, params, changed

    def _noted_run(self, file: Path, noted: Mapping[str, Any], record: RunRecord) -> Any:
        """Returns the run that a file names, or where the file is damaged the one of the same folder."""
        if not noted and file.exists():
            return self._found({name: record.tags[name] for name in ("kind", "folder")})
        return self._existing(noted)

    def _create(self, file: Path, record: RunRecord, parent: str | None, key: str) -> Any:
        """Returns a new run; notes its key before, by which it is found if this process is killed in between."""
        self._note(file, {"run_id": None, "id": key, "started": record.started})
        tags = {**record.tags, ID: key, **({PARENT: parent} if parent else {})}
        client = self.client
        return client.create_run(self.experiment, int(record.started * 1000), tags, record.name)

    def _note(self, file: Path, content: Mapping[str, Any]) -> None:
        where = {"uri": self._store, "experiment_id": self.experiment or None}
        write_json(file, {**content, **where, "mirrored": content.get("mirrored")})

    def note_mirrored(self, file: Path, state: str) -> None:
        """Notes in an mlflow.json in which state its trial or study was mirrored last."""
        self._note(file, {**read_json_or_empty(file), "mirrored": state})

    def log(self, run_id: str, metrics: Sequence[Any], params: Sequence[Any] = (), tags: Sequence[Any] = ()) -> None:
        """Logs metrics in as few requests as MLflow accepts, parameters and tags in the first."""
        first = BATCH - len(params) - len(tags)
        if metrics or params or tags:
            self.client.log_batch(run_id, metrics=metrics[:first], params=params, tags=tags)
        for start in range(first, len(metrics), BATCH):
            self.client.log_batch(run_id, metrics=metrics[start : start + BATCH])


def _is_deleted(run: Any) -> bool:
    return bool(run.info.lifecycle_stage == "deleted")


def as_before(config: TrackingConfig, study: StudyFolder) -> TrackingConfig:
    """Returns the configuration with the store of a study's earlier runs, unless it names one itself.

    Raises:
        UserError: The store wants a password, which is stored nowhere.
    """
    uri = config.uri or read_json_or_empty(study.tracking).get("uri")
    for trial in study.trials() if uri is None else ():
        uri = uri or read_json_or_empty(trial.tracking).get("uri")
    if config.uri is None and uri and is_masked(uri):
        raise UserError(f"the runs of study {study.name} are in {uri}, whose password is stored nowhere: give it in "
                        "tracking.uri=... or in MLFLOW_TRACKING_URI")  # fmt: skip
    return replace(config, uri=uri)


def is_mirrored(folder: TrialFolder) -> bool:
    """Returns whether a trial has ended and is known to be in MLflow as it is in its folder."""
    state = read_json_or_empty(folder.state).get("state")
    return state is not None and read_json_or_empty(folder.tracking).get("mirrored") == state
