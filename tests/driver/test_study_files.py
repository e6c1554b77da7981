"""What lies in a study's folder after each trial, and how it is completed after a crash."""

from collections.abc import Callable

import pytest
import yaml

from mnist_sweep.driver.loop import Sweep, run_sweep
from mnist_sweep.driver.plan import Plan
from mnist_sweep.driver.study_files import StudyFiles
from mnist_sweep.execution import InlineExecutor
from mnist_sweep.files import read_json
from mnist_sweep.results.recorded import read_best
from mnist_sweep.search import Asked
from mnist_sweep.storage.run_record import read_record
from mnist_sweep.storage.state import TrialState, check_state
from mnist_sweep.storage.summary import read_summary

pytestmark = pytest.mark.usefixtures("no_report")


@pytest.fixture
def plan(planned: Callable[..., Plan]) -> Plan:
    return planned("search.n_trials=4", "search.metric=val_accuracy")


@pytest.fixture
def ended(plan: Plan, swept: Callable[[Plan], Sweep]) -> StudyFiles:
    """The files of a sweep that has ended."""
    sweep = swept(plan)
    assert run_sweep(sweep, InlineExecutor()).code == 0
    return sweep.files


def test_a_study_begins_with_its_record_and_an_empty_summary(plan: Plan, swept: Callable[[Plan], Sweep]) -> None:
    files = swept(plan).files
    record = read_record(plan.folder.record)
    assert (record.name, record.tags["kind"]) == ("dnn-digits", "study")
    assert record.params["space.model.dropout"] == "interval(0.0,0.5)"
    assert record.params["search.n_trials"] == 4
    assert record.params["model.units"] == [16]
    summary = read_json(plan.folder.summary)
    assert (summary["best"], summary["baseline"], sum(summary["states"].values())) == (None, None, 0)
    assert (files.best_line(), files.best_command(), files.baseline()) == ("", None, None)
    assert not plan.folder.best.exists()
    assert not files.is_settled()


def test_the_summary_has_the_best_of_all_trials(ended: StudyFiles) -> None:
    summary = read_json(ended.folder.summary)
    values = {int(folder.path.name): read_json(folder.metrics)["val_accuracy"] for folder in ended.folder.trials()}
    best = max(values, key=lambda number: (values[number], -number))
    assert (summary["best"]["trial"], summary["best"]["value"]) == (best, values[best])
    assert summary["best"]["overrides"] == yaml.safe_load(ended.folder.trial(best).overrides.read_text())
    assert summary["baseline"]["value"] == values[0]
    assert ended.best_line() == f"trial {best}, val_accuracy {values[best]:.4f}"
    recorded = read_best(ended.folder.best, [])
    assert recorded.name == f"dnn-digits-{best:04d}"
    assert recorded.metrics["val_accuracy"] == values[best]


def test_every_trial_has_its_record(ended: StudyFiles) -> None:
    records = [read_record(folder.record) for folder in ended.folder.trials()]
    assert [record.name for record in records] == [
        "dnn-digits-0000-baseline", "dnn-digits-0001", "dnn-digits-0002", "dnn-digits-0003",
    ]  # fmt: skip
    assert all("model.dropout" in record.searched for record in records)


def test_a_study_is_settled_once_everything_is_written(ended: StudyFiles) -> None:
    assert not ended.is_settled()  # it was killed before its report
    ended.folder.report.touch()
    assert ended.is_settled()
    ended.note_settled()
    assert ended.is_settled()
    ended.folder.trial(2).state.unlink()
    assert not ended.is_settled()


@pytest.mark.parametrize("damage", [None, b"", b'{"state": "RUNNING", "trial": 2}'])
def test_a_state_that_was_not_written_is_repaired_from_the_journal(
    ended: StudyFiles, swept: Callable[[Plan], Sweep], damage: bytes | None
) -> None:
    folder = ended.folder.trial(2)
    before = check_state(folder.state)
    if damage is None:
        folder.state.unlink()
    else:
        folder.state.write_bytes(damage)
    swept(ended.plan)
    after = check_state(folder.state)
    assert (after.state, after.values, after.overrides, after.trial) == (
        TrialState.COMPLETE, before.values, before.overrides, 2,
    )  # fmt: skip
    assert after.started == read_record(folder.record).started
    assert after.ended == folder.rows()[-1]["timestamp"]


def test_a_best_file_that_was_lost_is_written_again(ended: StudyFiles, swept: Callable[[Plan], Sweep]) -> None:
    before = ended.folder.best.read_text()
    ended.folder.best.unlink()
    swept(ended.plan)
    assert ended.folder.best.read_text() == before


def test_times_add_up_over_calls(ended: StudyFiles, swept: Callable[[Plan], Sweep]) -> None:
    before = read_json(ended.folder.summary)
    swept(ended.plan)
    after = read_json(ended.folder.summary)
    assert after["busy_seconds"] == before["busy_seconds"] > 0
    assert after["wall_seconds"] >= before["wall_seconds"]


def test_an_interrupted_trial_is_left_for_the_next_call(plan: Plan, swept: Callable[[Plan], Sweep]) -> None:
    files = swept(plan).files
    asked = Asked(0, {}, 0)
    plan.folder.trial(0).path.mkdir(parents=True)
    assert not files.has_begun(0)
    files.trial_started(asked)
    files.trial_interrupted(asked)
    written = check_state(plan.folder.trial(0).state)
    assert (written.state, written.reason) == (
        TrialState.INTERRUPTED, "the sweep was stopped; it will be run again",
    )  # fmt: skip


def test_a_search_without_a_pruner_has_nothing_to_judge(ended: StudyFiles) -> None:
    assert ended.conclude() == ""
    assert read_json(ended.folder.summary)["best"] is not None
    assert not ended.folder.hardest.exists()  # a dry run has no images


def test_the_note_and_the_tags_of_the_last_call_are_those_of_the_study(
    planned: Callable[..., Plan], swept: Callable[[Plan], Sweep]
) -> None:
    run_sweep(
        swept(planned("search.n_trials=1", "study.note=first", "++study.tags={owner: me, n: 3}")), InlineExecutor()
    )
    plan = planned("search.n_trials=2", "study.note=second", "++study.tags.owner=you")
    sweep = swept(plan)
    run_sweep(sweep, InlineExecutor())
    record = read_record(plan.folder.record)
    assert (record.tags["owner"], record.tags["n"], record.tags["kind"]) == ("you", "3", "study")
    owners = [read_record(plan.folder.trial(number).record).tags["owner"] for number in (0, 1)]
    assert owners == ["me", "you"]
    summary = read_summary(plan.folder.summary)
    assert summary is not None
    assert (summary.note, summary.tags) == ("second", {"owner": "you"})
    assert "\nsecond\n" in plan.folder.readme.read_text()
