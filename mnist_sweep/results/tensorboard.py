"""A study as TensorBoard's event files: the curves of every trial, and its parameters for the HParams page."""

import math
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mnist_sweep.config import UserError
from mnist_sweep.config.metrics import AROUND
from mnist_sweep.results.study import Study
from mnist_sweep.results.table import number_or_text
from mnist_sweep.results.trial import Trial
from mnist_sweep.storage.state import TrialState

FOLDER = "tensorboard"  # within the study's
# How TensorBoard calls the end of a trial; a pruned one has no word of its own.
STATUS = {TrialState.COMPLETE: "STATUS_SUCCESS", TrialState.PRUNED: "STATUS_SUCCESS", TrialState.FAIL: "STATUS_FAILURE"}


def _libraries() -> tuple[Any, Any, Any, Any]:
    """Returns the modules of TensorBoard that make an event file; none of them imports TensorFlow."""
    try:
        from tensorboard.compat.proto import event_pb2, summary_pb2
        from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2
    except ImportError:
        raise UserError(
            "to=tensorboard needs TensorBoard: pip install 'mnist_sweep[tensorboard]', or to=trials.csv without it"
        ) from None
    return event_pb2, summary_pb2, api_pb2, plugin_data_pb2


class _Events:
    """An event file."""

    def __init__(self, folder: Path) -> None:
        """Begins the file; the folder must not be there."""
        from tensorboard.summary.writer.record_writer import RecordWriter

        self.event, self.summary, self.api, self.plugin = _libraries()
        folder.mkdir(parents=True)
        self._file = (folder / f"events.out.tfevents.0.{socket.gethostname()}").open("wb")
        self._writer = RecordWriter(self._file)
        self._add(self.event.Event(wall_time=0.0, file_version="brain.Event:2"))

    def _add(self, event: Any) -> None:
        self._writer.write(event.SerializeToString())

    def scalar(self, name: str, value: float, step: int, moment: float) -> None:
        """Adds a point of a curve."""
        one = self.summary.Summary.Value(tag=name, simple_value=value)
        self._add(self.event.Event(wall_time=moment, step=step, summary=self.summary.Summary(value=[one])))

    def hparams(self, name: str, moment: float, **content: Any) -> None:
        """Adds what the HParams page reads: the experiment, or the beginning or end of a trial."""
        data = self.plugin.HParamsPluginData(version=0, **content)
        plugin = self.summary.SummaryMetadata.PluginData(plugin_name="hparams", content=data.SerializeToString())
        tag = f"_hparams_/{name}"
        # What TensorBoard's own writer gives as the value, which nothing reads.
        value = self.summary.Summary.Value(tag=tag, metadata=self.summary.SummaryMetadata(plugin_data=plugin))
        value.tensor.dtype = 1
        value.tensor.tensor_shape.SetInParent()
        value.tensor.float_val.append(0.0)
        self._add(self.event.Event(wall_time=moment, summary=self.summary.Summary(value=[value])))

    def close(self) -> None:
        """Ends the file."""
        self._writer.close()


def _scalars(study: Study, trial: Trial) -> Iterator[tuple[str, float, int, float]]:
    """Yields the points of a trial: the curves, and at the end the metrics that are none."""
    for row in trial.rows:
        for name, value in row.items():
            if name not in AROUND:
                yield name, value, int(row["epoch"]), row["timestamp"]
    if trial.rows:
        last, moment = int(trial.rows[-1]["epoch"]), trial.rows[-1]["timestamp"]
        values = dict(zip(study.metrics, trial.values, strict=False))
        for name, value in {**trial.metrics, **values}.items():
            if name not in trial.rows[0] and math.isfinite(value):
                yield name, value, last, moment


def write_tensorboard(study: Study) -> Path:
    """Writes a study's event files into a folder of its own, anew each time; returns it.

    Args:
        study: The study.

    Raises:
        UserError: TensorBoard is not installed.
    """
    *_, api, plugin = _libraries()
    into = study.folder.path / FOLDER
    beside = into.with_name(f".{FOLDER}-{os.getpid()}")
    shutil.rmtree(beside, ignore_errors=True)
    begun = min((trial.started for trial in study.trials if trial.started), default=0.0)
    experiment = _Events(beside / "study")
    every = [{key: number_or_text(text) for key, text in study.values_of(trial).items()} for trial in study.trials]
    texts = {key for one in every for key, value in one.items() if isinstance(value, str)}
    kinds = {key: api.DATA_TYPE_STRING if key in texts else api.DATA_TYPE_FLOAT64 for one in every for key in one}
    found = api.Experiment(
        name=study.name,
        time_created_secs=begun,
        hparam_infos=[api.HParamInfo(name=key, type=kind) for key, kind in kinds.items()],
        metric_infos=[api.MetricInfo(name=api.MetricName(tag=name)) for name in study.metrics],
    )
    experiment.hparams("experiment", begun, experiment=found)
    experiment.close()
    for trial, values in zip(study.trials, every, strict=True):
        events = _Events(beside / trial.folder.path.name)
        start = plugin.SessionStartInfo(group_name=f"trial {trial.number}", start_time_secs=trial.started or begun)
        for key, value in values.items():
            if key in texts:
                start.hparams[key].string_value = str(value)
            else:
                start.hparams[key].number_value = value
        events.hparams("session_start_info", trial.started or begun, session_start_info=start)
        for name, number, step, moment in _scalars(study, trial):
            events.scalar(name, number, step, moment)
        if trial.ended and trial.state in STATUS:
            end = plugin.SessionEndInfo(status=api.Status.Value(STATUS[trial.state]), end_time_secs=trial.ended)
            events.hparams("session_end_info", trial.ended, session_end_info=end)
        events.close()
    shutil.rmtree(into, ignore_errors=True)
    beside.rename(into)
    return into
