"""A study and its trials from Python."""

from pathlib import Path

import pytest

import mnist_sweep as ms
from mnist_sweep.api.study import Comparison

QUIET = ["tracking=none", "runtime.workers=2"]


@pytest.fixture
def study(functions, tmp_path: Path) -> ms.Study:
    return ms.sweep(*QUIET, "pruner=none", task=functions.bowl, space={"x": "interval(0.0,1.0)"}, n_trials=3,
                    runs_folder=tmp_path / "runs")  # fmt: skip


def test_its_trials_are_a_table(study: ms.Study) -> None:
    table = study.trials_dataframe()
    assert list(table["number"]) == [0, 1, 2]
    assert list(table["loss"]) == [trial.value for trial in study.trials]
    assert table["params_params.x"][0] == 0.5
    assert list(table["metrics_epochs"]) == [3, 3, 3]


def test_a_report_is_a_page(study: ms.Study, tmp_path: Path) -> None:
    page = study.report(tmp_path / "page.html")
    assert "bowl" in page.read_text()


def test_two_trials_are_compared(study: ms.Study) -> None:
    found = study.compare(0, 1)
    assert isinstance(found, Comparison)
    assert list(found.config) == ["params.x"]
    assert found.metrics["loss"] == (study[0].value, study[1].value)
    assert found.images is None
    with pytest.raises(ms.UserError, match="study bowl has no trial 9"):
        study.compare(0, 9)


def test_it_is_confirmed_on_fresh_seeds(study: ms.Study) -> None:
    found = study.confirm(seeds=2, top_k=1)
    assert (found.measure, found.seeds, found.test_images, found.sign) == ("loss", 2, 0, -1)
    assert [row.test_accuracy.mean for row in found.finalists] == sorted(r.test_accuracy.mean for r in found.finalists)


def test_a_study_is_opened_by_its_folder(study: ms.Study, tmp_path: Path) -> None:
    opened = ms.open_study(study.folder)
    assert [t.value for t in opened.trials] == [t.value for t in study.trials]
    assert repr(opened) == "<Study bowl: 3 COMPLETE>"
    for nothing in (tmp_path, None):
        with pytest.raises(ms.UserError, match="study's folder"):
            ms.open_study(nothing)  # type: ignore[arg-type]


def test_a_study_that_is_named_is_found_in_runs(study: ms.Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(study.folder.parent.parent)
    with pytest.raises(ms.UserError, match="did you mean runs/bowl"):
        ms.open_study("bowl")


def test_it_is_a_collection_of_its_trials(study: ms.Study) -> None:
    assert len(study) == 3
    assert [trial.number for trial in study] == [0, 1, 2]
    for number in ("x", 1.0, -1):
        with pytest.raises(ms.UserError, match="a trial's number must be a whole number from 0, got"):
            study[number]  # type: ignore[index]


def test_a_study_that_is_not_tracked_stays_so(study: ms.Study) -> None:
    study.confirm(seeds=2, top_k=1)
    assert study.best is not None
    assert study.best.reproduce().verdict == "EXACT"
    assert not (study.folder.parent / "mlflow.db").exists()
    with pytest.raises(ms.UserError, match=r"confirm\.seeds must be at least 2, got 0"):
        study.confirm(seeds=0)


def test_a_search_that_is_not_running_can_not_be_steered(study: ms.Study) -> None:
    for ask in (study.stop, study.pause, study.resume, lambda: study.stop(1), lambda: study.add("params.x=0.5"),
                lambda: study.set("search.n_trials=9")):  # fmt: skip
        with pytest.raises(ms.UserError, match=r"is not running"):
            ask()


def test_a_trial_is_deleted_and_then_the_study(study: ms.Study) -> None:
    study.delete(2)
    assert [trial.number for trial in study] == [0, 1]
    with pytest.raises(ms.UserError, match="it is the baseline"):
        study.delete(0)
    study.delete()
    assert not study.folder.exists()
