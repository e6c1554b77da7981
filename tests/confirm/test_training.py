"""The training of the finalists: what runs, what is recorded, when the test images are opened."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.config.runtime_settings import RuntimeConfig
from mnist_sweep.config.settings import TrackingConfig
from mnist_sweep.confirm.finalists import Finalist
from mnist_sweep.confirm.runs import Run
from mnist_sweep.confirm.stages import Stages, planned
from mnist_sweep.confirm.training import ConfirmRuns, FinalistRuns, open_test_images, train, warn_of_classes
from mnist_sweep.execution.jobs import Batch
from mnist_sweep.execution.progress import Silent
from mnist_sweep.files import read_json, read_yaml, write_json
from mnist_sweep.results.stopping import Look
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.run_record import read_record
from mnist_sweep.storage.state import TrialState, check_state
from mnist_sweep.tasks.data import not_shown
from mnist_sweep.tasks.image_classifier.data import dataset, describe
from mnist_sweep.tracking import Tracker
from mnist_sweep.tracking.run_recorder import RunRecorder

DRY = RuntimeConfig("local", 2, None, None, [])


def no_look(_look: Look) -> None:
    pytest.fail("there is one look alone, at the end")


class Heard(Silent):
    """Progress that keeps its warnings."""

    def __init__(self) -> None:
        super().__init__()
        self.warnings: list[str] = []

    def warn(self, line: str) -> None:
        self.warnings.append(line)


@pytest.fixture
def recorder(tmp_path: Path) -> RunRecorder:
    return RunRecorder(Tracker(TrackingConfig(False, None, "mine"), tmp_path, pytest.fail))


def test_the_test_images_are_opened_once_for_the_same_runs(study: StudyFolder) -> None:
    heard = Heard()
    for _ in range(2):
        open_test_images(study, [1, 0], 2, "first", heard)
    assert heard.warnings == []
    open_test_images(study, [1, 0], 3, "second", heard)
    open_test_images(study, [1], 3, "third", heard)
    assert ["once" in heard.warnings[0], "2 times" in heard.warnings[1]] == [True, True]
    found = read_json(study.test_set)["openings"]
    assert [(one["trials"], one["seeds"], one["command"]) for one in found] == [
        ([1, 0], 2, "first"), ([1, 0], 3, "second"), ([1], 3, "third"),
    ]  # fmt: skip


def test_a_job_keeps_the_first_seeds_model_and_its_states_have_the_seed(
    study: StudyFolder, finalists: list[Finalist], recorder: RunRecorder
) -> None:
    first = finalists[0].seeded(0)
    batch = Batch(first, describe(first.data), [], [], "mnist-sweep confirm")
    stages = Stages(study, finalists, (2,), no_look)
    source = FinalistRuns(study, stages.next_runs, DRY, batch, recorder, Silent())
    jobs = [source.next_job() for _ in range(4)]
    assert source.next_job() is None  # none has ended
    assert [job.settings["keep_model"] for job in jobs if job] == [True, True, False, False]
    job = jobs[2]
    assert job is not None
    assert "data.validation=test" in job.overrides
    shown = source.show(job)
    assert (shown.what, shown.epochs) == ({"trial": "1", "seed": "1"}, 3)
    described = source.describe(job)
    assert (described.name, described.trial, described.tags) == ("dnn-digits-0001-seed-1", 1, {"seed": "1"})
    assert "model.dropout" in described.searched
    state, text = source.conclude(job, {"metrics": {"val_accuracy": 0.98765}})
    assert (state.state, state.trial, state.seed, text) == (
        TrialState.COMPLETE, 1, 1, "trial 1, seed 1: test accuracy 0.9877",
    )  # fmt: skip
    assert source.fail(job, "no")[0].reason == "no"
    assert source.leave(job).state is TrialState.INTERRUPTED


def test_all_runs_are_trained_and_recorded(
    study: StudyFolder, finalists: list[Finalist], recorder: RunRecorder
) -> None:
    runs = planned(study, finalists, (2,)).runs
    stages = Stages(study, finalists, (2,), no_look)
    what = ConfirmRuns(study, finalists, 2, stages.next_runs, DRY, [], [], "mnist-sweep confirm")
    assert train(what, recorder, Silent(), 2, not_shown) == 0
    assert read_json(study.test_set)["times_opened"] == 1
    for run in runs:
        state = check_state(run.folder.state)
        assert (state.state, state.trial, state.seed) == (TrialState.COMPLETE, run.finalist.trial, run.index)
        assert read_record(run.folder.record).tags["kind"] == "confirm"
        assert read_yaml(run.folder.config)["data"]["validation"] == "test"


def test_runs_of_several_classes_of_machine_are_warned_of_and_the_studys_is_asked_for(
    study: StudyFolder, finalists: list[Finalist], recorder: RunRecorder, finish: Callable[[Run], None]
) -> None:
    runs = planned(study, finalists, (2,)).runs
    stages = Stages(study, finalists, (2,), no_look)
    batch = Batch(runs[0].config, describe(runs[0].config.data), [], [], "mnist-sweep confirm")
    job = FinalistRuns(study, stages.next_runs, DRY, batch, recorder, Silent()).next_job()
    assert job is not None
    assert job.machine_class == read_json(study.trial(0).environment)["machine_class"]
    for run in runs:
        finish(run)
    environment = read_json(runs[1].folder.environment)
    write_json(runs[1].folder.environment, {**environment, "machine_class": "another"})
    heard = Heard()
    warn_of_classes(runs, heard)
    assert [line for line in heard.warnings if "several classes of machines" in line and "another" in line]


def test_other_data_than_the_searchs_leave_the_test_images_closed(
    study: StudyFolder, finalists: list[Finalist], recorder: RunRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []
    whole = dataset._read
    monkeypatch.setattr(dataset, "_read", lambda config, part, *more: read.append(part) or whole(config, part, *more))
    wrong = replace(finalists[0], digests={"train_images": "0" * 64})
    stages = Stages(study, [wrong], (2,), no_look)
    with pytest.raises(UserError, match="data=digits is not what trial 1 of dnn-digits was trained on"):
        train(ConfirmRuns(study, [wrong], 2, stages.next_runs, DRY, [], [], "x"), recorder, Silent(), 1, not_shown)
    assert set(read) == {"train"}
    assert not study.test_set.exists()
    assert study.confirmations() == []
