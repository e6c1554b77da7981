"""Trials that are retrained on the dry executor, each in a folder of its own."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mnist_sweep.cli.main import run
from mnist_sweep.config.kernels import VARIABLE, Kernels
from mnist_sweep.config.runtime_settings import RuntimeConfig
from mnist_sweep.config.settings import TrackingConfig
from mnist_sweep.execution import InlineExecutor
from mnist_sweep.execution.jobs import Batch
from mnist_sweep.execution.progress import Silent
from mnist_sweep.reproduce.retraining import Retraining, Retrainings, retrain
from mnist_sweep.results.recorded import RecordedTrial, read_recorded
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.run_record import read_record
from mnist_sweep.storage.state import TrialState, check_state
from mnist_sweep.tasks.data import prepare
from mnist_sweep.tracking import Tracker
from mnist_sweep.tracking.run_recorder import RunRecorder

DRY = RuntimeConfig("local", 2, None, None, [])
SWEEP = ["data=digits", "model=dnn", "model.units=[16]", "train.epochs=3", "model.dropout=interval(0.0,0.5)",
         "task=dry", "tracking=none", "search.n_trials=2", "pruner=none"]  # fmt: skip


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> list[RecordedTrial]:
    """The two trials of a dry study."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mnist_sweep.report.page.write_report", lambda study: study)
        assert run(["sweep", f"runs_folder={folder}", *SWEEP]) == 0
    return [read_recorded(trial, f"one-{trial.path.name}", []) for trial in StudyFolder(folder / "dnn-digits").trials()]


@pytest.fixture
def recorder(tmp_path: Path) -> RunRecorder:
    return RunRecorder(Tracker(TrackingConfig(False, None, "mine"), tmp_path, pytest.fail), locks=True)


@pytest.fixture
def retraining(tmp_path: Path) -> Callable[..., Retraining]:
    """What is retrained, given the trials."""

    def made(*trials: RecordedTrial, tolerance: float | None = None) -> Retraining:
        config = trials[0].config
        batch = Batch(config, prepare(config, print), [], [], "mnist-sweep reproduce one")
        return Retraining(trials, StudyFolder(tmp_path / "reproduce"), DRY, batch, tolerance)

    return made


def test_the_same_again_is_exact(
    recorded: list[RecordedTrial], recorder: RunRecorder, retraining: Callable[..., Retraining], tmp_path: Path
) -> None:
    verdicts, code = retrain(retraining(*recorded), InlineExecutor(), recorder, Silent(), 2)
    assert code == 0
    assert {name: verdict.verdict for name, verdict in verdicts.items()} == {"one-0000": "EXACT", "one-0001": "EXACT"}
    for number, folder in enumerate(StudyFolder(tmp_path / "reproduce").trials()):
        state = check_state(folder.state)
        assert (state.trial, state.state, state.verdict) == (number, TrialState.COMPLETE, "EXACT")
        assert state.reproduces == f"one-{number:04d}"
        assert state.not_as_it_was == []
        record = read_record(folder.record)
        assert (record.name, record.tags["kind"]) == (f"reproduce-one-{number:04d}", "reproduction")
        assert record.tags["reproduces"] == f"one-{number:04d}"
        assert [row["val_accuracy"] for row in folder.rows()] == [row["val_accuracy"] for row in recorded[number].rows]


@pytest.mark.parametrize(
    ("tolerance", "word"), [(0.02, "WITHIN TOLERANCE"), (0.001, "DIFFERENT"), (None, "WITHIN TOLERANCE")]
)
def test_the_tolerance_decides_where_it_is_not_the_same(
    recorded: list[RecordedTrial], recorder: RunRecorder, retraining: Callable[..., Retraining],
    tolerance: float | None, word: str,
) -> None:  # fmt: skip
    """Without a tolerance it is two standard errors of 360 images, some 0.03 for an accuracy of 0.94."""
    accuracy = recorded[0].metrics["val_accuracy"] - 0.01
    other = replace(recorded[0], metrics={**recorded[0].metrics, "val_accuracy": accuracy})
    verdicts, _ = retrain(retraining(other, tolerance=tolerance), InlineExecutor(), recorder, Silent(), 1)
    assert verdicts["one-0000"].verdict == word


def test_a_trial_that_was_pruned_is_retrained_for_as_many_epochs(
    recorded: list[RecordedTrial], recorder: RunRecorder, retraining: Callable[..., Retraining]
) -> None:
    short = replace(recorded[0], epochs=2, rows=recorded[0].rows[:2])
    source = Retrainings(retraining(short), recorder, Silent())
    job = source.next_job()
    assert job is not None
    assert job.settings["stop_after"] == 2
    shown = source.show(job)
    assert (shown.what, shown.epochs) == ({"reproduces": "one-0000"}, 2)
    assert source.next_job() is None


@pytest.mark.parametrize("kernels", list(Kernels))
def test_a_trial_is_retrained_with_its_own_kernels(
    recorded: list[RecordedTrial], recorder: RunRecorder, retraining: Callable[..., Retraining], kernels: Kernels,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.delenv(VARIABLE, raising=False)
    environment = replace(recorded[0].environment, kernels=kernels)
    job = Retrainings(retraining(replace(recorded[0], environment=environment)), recorder, Silent()).next_job()
    assert job is not None
    assert job.kernels is kernels


def test_a_retraining_that_fails_is_different(
    recorded: list[RecordedTrial], recorder: RunRecorder, retraining: Callable[..., Retraining], tmp_path: Path
) -> None:
    config = recorded[0].config
    arguments = {**config.optimizer.arguments, "learning_rate": -1.0}
    optimizer = replace(config.optimizer, arguments=arguments)
    broken = replace(recorded[0], config=replace(config, optimizer=optimizer))
    verdicts, code = retrain(retraining(broken), InlineExecutor(), recorder, Silent(), 1)
    assert code == 0
    assert verdicts["one-0000"].verdict == "DIFFERENT"
    state = check_state(StudyFolder(tmp_path / "reproduce").trial(0).state)
    assert (state.state, state.verdict) == (TrialState.FAIL, "DIFFERENT")
    assert str(state.reason).startswith("it failed: optimizer.learning_rate must be greater than")


def test_a_run_from_mlflow_is_linked(
    recorded: list[RecordedTrial], recorder: RunRecorder, retraining: Callable[..., Retraining]
) -> None:
    known = replace(recorded[0], run_id="abc", experiment_id="1")
    notes = []
    for one in (recorded[0], known):
        source = Retrainings(retraining(one), recorder, Silent())
        job = source.next_job()
        assert job is not None
        notes.append(source.describe(job).note)
        assert source.leave(job).state is TrialState.INTERRUPTED
    assert notes == ["Reproduces one-0000", "Reproduces one-0000: [its run](#/experiments/1/runs/abc)"]
