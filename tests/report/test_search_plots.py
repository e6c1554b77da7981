"""The figures of a search, drawn from a real study of four small trials."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from mnist_sweep.report.search_plots import against_each_other, curves, history, timeline
from mnist_sweep.results.study import Study, read_study
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.state import TrialState


@pytest.fixture(scope="module")
def study(runs: Path) -> Study:
    return read_study(StudyFolder(runs / "dnn-digits"))


def texts(svg: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def test_the_history_names_the_best_and_counts_the_trials(study: Study) -> None:
    found = history(study)
    assert found.title == "History of the search"
    best = max(trial.values[0] for trial in study.trials)
    assert f"each of 4 trials in the order in which they ended; the best so far is a line that reaches {best:.4f}" in (
        found.text
    )
    assert {"COMPLETE (4)", "best so far", "baseline (trial 0)", study.metric} <= set(texts(found.svg))


def test_a_study_without_a_complete_trial_has_figures_too(study: Study) -> None:
    failed = [replace(trial, state=TrialState.FAIL, values=[], rows=[]) for trial in study.trials]
    for trials in (failed, []):
        empty = replace(study, trials=trials)
        assert "no trial is complete" in history(empty).text
        assert "for 0 trials" in curves(empty).text
        assert against_each_other([empty]).svg


def test_the_curves_name_the_best_trial_and_the_pruned_ones(study: Study) -> None:
    assert study.best is not None
    worst = study.ranked[-1]
    trials = [replace(t, state=TrialState.PRUNED) if t.number == worst.number else t for t in study.trials]
    found = curves(replace(study, trials=trials))
    assert f"{study.curve} over the epochs for 4 trials; those of 1 pruned trial end" in found.text
    assert {f"trial {study.best.number}, the best", "PRUNED", "COMPLETE", "epoch"} <= set(texts(found.svg))


def test_trials_one_after_the_other_share_a_worker_and_others_do_not(study: Study) -> None:
    spans = [(100.0, 110.0), (110.0, 130.0), (100.0, 125.0), (130.0, 140.0)]
    trials = [replace(t, started=a, ended=b) for t, (a, b) in zip(study.trials, spans, strict=True)]
    found = timeline(replace(study, trials=trials))
    assert found.text.startswith("Bars for 4 trials over 40 seconds")
    assert [text for text in texts(found.svg) if text.startswith("worker")] == ["worker 1", "worker 2"]


def test_several_studies_are_compared_by_name(study: Study) -> None:
    found = against_each_other([study, study])
    assert f"so far of {study.name} and {study.name}," in found.text
    assert {study.name, "minutes since the start", "trials that have ended"} <= set(texts(found.svg))
