"""A study as TensorBoard's event files, read back by TensorBoard."""

import importlib.util
import shutil
from pathlib import Path

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.results.study import read_study
from mnist_sweep.results.tensorboard import write_tensorboard
from mnist_sweep.storage.folders import StudyFolder

HAS_TENSORBOARD = importlib.util.find_spec("tensorboard") is not None


@pytest.fixture
def study(runs: Path, tmp_path: Path) -> StudyFolder:
    shutil.copytree(runs / "dnn-digits", tmp_path / "dnn-digits")
    return StudyFolder(tmp_path / "dnn-digits")


@pytest.mark.skipif(HAS_TENSORBOARD, reason="it is installed")
def test_without_tensorboard_it_says_what_to_install(study: StudyFolder) -> None:
    with pytest.raises(UserError, match=r"pip install 'mnist_sweep\[tensorboard\]'"):
        write_tensorboard(read_study(study))
    assert not list(study.path.glob("*tensorboard*"))


@pytest.mark.skipif(not HAS_TENSORBOARD, reason="it is not installed")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_curves_and_parameters_are_read_back(study: StudyFolder) -> None:
    from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
    from tensorboard.plugins.hparams import metadata

    read = read_study(study)
    write_tensorboard(read)
    folder = write_tensorboard(read)  # anew
    assert sorted(path.name for path in folder.iterdir()) == ["0000", "0001", "0002", "0003", "study"]
    for trial in read.trials:
        (file,) = (folder / trial.folder.path.name).iterdir()
        values = [(event.step, one) for event in LegacyEventFileLoader(str(file)).Load() for one in event.summary.value]
        curve = [(step, one.simple_value) for step, one in values if one.tag == "val_accuracy"]
        assert curve == [(row["epoch"], pytest.approx(row["val_accuracy"])) for row in trial.rows]
        ((_, start),) = [pair for pair in values if pair[1].tag == metadata.SESSION_START_INFO_TAG]
        info = metadata.parse_session_start_info_plugin_data(start.metadata.plugin_data.content)
        assert info.hparams["model.dropout"].number_value == float(read.values_of(trial)["model.dropout"])
        assert [one.simple_value for _, one in values if one.tag == "best_val_accuracy"] == [
            pytest.approx(trial.values[0])
        ]
