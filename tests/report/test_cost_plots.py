"""What accuracy costs, drawn from a real study of four small trials, and the Pareto front against its definition."""

import random
import re
from dataclasses import replace
from pathlib import Path

import pytest

from mnist_sweep.config.metrics import Metric
from mnist_sweep.report.cost_plots import costs, costs_together, front, has_costs
from mnist_sweep.results.study import Study, read_study
from mnist_sweep.results.trial import Trial
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.state import TrialState


@pytest.fixture(scope="module")
def study(runs: Path) -> Study:
    return read_study(StudyFolder(runs / "dnn-digits"))


def texts(svg: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_front_has_the_points_that_no_other_beats(sign: int) -> None:
    chance = random.Random(3)
    points = [(chance.random(), chance.random()) for _ in range(60)]
    beaten = {one for one in points for two in points if two[0] < one[0] and sign * two[1] > sign * one[1]}
    assert front(points, sign) == sorted(set(points) - beaten)


def test_of_equals_the_front_has_the_cheaper_one() -> None:
    assert front([(3, 0.7), (2, 0.4), (2, 0.7), (1, 0.5)], 1) == [(1, 0.5), (2, 0.7)]
    assert front([], 1) == []


def test_costs_are_parameters_and_seconds(study: Study) -> None:
    found = costs(study)
    assert "of 4 complete trials" in found.text
    assert {"parameters", "seconds of training"} <= set(texts(found.svg))


def test_costs_of_a_task_without_parameters_are_seconds_and_other_objectives(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Trial, "metrics", property(lambda trial: {"size": 3.0 + trial.number, "training_seconds": 1.0}))
    objectives = [*study.objectives, Metric("size", "minimize")]
    found = texts(costs(replace(study, objectives=objectives)).svg)
    assert {"size", "seconds of training"} <= set(found)
    assert "parameters" not in found


def test_a_study_without_a_complete_trial_has_a_figure_too(study: Study) -> None:
    failed = [replace(trial, state=TrialState.FAIL, values=[], rows=[]) for trial in study.trials]
    for trials in (failed, []):
        assert "0 complete trials" in costs(replace(study, trials=trials)).text


def test_costs_of_several_studies_have_one_front(study: Study) -> None:
    other = replace(study, trials=[replace(trial, values=[0.5]) for trial in study.trials])
    found = costs_together([study, other])
    assert f"of 8 complete trials of {study.name} and {other.name}" in found.text
    assert {"parameters", "seconds of training", study.name, study.metric} <= set(texts(found.svg))
    assert "no other is both cheaper and better" in texts(found.svg)


def test_a_study_that_is_worse_as_a_whole_is_shown_where_it_is(study: Study) -> None:
    def of(values: list[float]) -> Study:
        trials = [replace(study.trials[index % 4], values=[value]) for index, value in enumerate(values)]
        return replace(study, trials=trials)

    diverged = 0.1
    found = costs_together([of([0.99, 0.991, 0.992, 0.993] * 2), of([*[0.90, 0.901, 0.902] * 3, diverged])])
    ticks = [float(text) for text in texts(found.svg) if re.fullmatch(r"0\.\d+", text)]
    assert 0.85 <= min(ticks) <= 0.92


def test_studies_without_a_complete_trial_have_no_costs_together(study: Study) -> None:
    failed = replace(study, trials=[replace(trial, state=TrialState.FAIL, values=[]) for trial in study.trials])
    assert not has_costs([failed, failed])
    assert has_costs([failed, study])
    assert "of 4 complete trials" in costs_together([failed, study]).text
