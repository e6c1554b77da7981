"""The figures of the parameters, drawn from a real study of four small trials."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mnist_sweep.config.space import parse_space
from mnist_sweep.report.parameter_plots import importance, parallel, slices
from mnist_sweep.report.svg import Drawing
from mnist_sweep.results.study import Study, read_study
from mnist_sweep.search.importances import Importance
from mnist_sweep.storage.folders import StudyFolder


@pytest.fixture(scope="module")
def study(runs: Path) -> Study:
    return read_study(StudyFolder(runs / "dnn-digits"))


def texts(svg: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def test_importances_are_shares_with_the_largest_named_first() -> None:
    shares = {"optimizer.learning_rate": 0.7, "model.dropout": 0.25, "a": 0.04, "b": 0.01}
    told = [Importance(key, share, share / 2, min(1, 2 * share), share > 0.1) for key, share in shares.items()]
    found = importance(told, "val_accuracy after epoch 1", 20)
    assert found.title == "Importance of the parameters"
    assert "share of 4 parameters" in found.text
    assert "in val_accuracy after epoch 1 of 20 trials, with 90% intervals" in found.text
    assert found.text.endswith(
        "optimizer.learning_rate 70% (35% to 100%), model.dropout 25% (12% to 50%); "
        "the others can't be told from chance."
    )
    assert {"70%", "25%", "4%, may be chance", "1%, may be chance", "model.dropout"} <= set(texts(found.svg))


def test_importances_that_chance_may_make_are_said_to_be_so() -> None:
    found = importance([Importance("a", 0.6, 0.1, 0.9, False), Importance("b", 0.4, 0.1, 0.9, False)], "x", 5)
    assert found.text.endswith("too few trials to tell any of them from chance.")


def test_every_parameter_has_a_panel(study: Study) -> None:
    found = slices(study)
    assert f"A panel for each of {len(study.parameters)} parameters" in found.text
    assert study.metric in found.text
    assert {parameter.key for parameter in study.parameters} <= set(texts(found.svg))


def test_parallel_coordinates_have_an_axis_for_each_parameter_with_both_ends(study: Study) -> None:
    found = parallel(study)
    assert f"4 trials over {len(study.parameters)} parameters" in found.text
    shown = texts(found.svg)
    for parameter in study.parameters:
        assert parameter.key.rpartition(".")[2] in shown
        values = [study.values_of(trial)[parameter.key] for trial in study.ranked]
        if all(re.fullmatch(r"[\d.e-]+", value) for value in values):
            numbers = sorted(map(float, values))
            near = [float(text) for text in shown if re.fullmatch(r"[\d.e-]+", text)]
            assert any(number == pytest.approx(numbers[0], rel=1e-3) for number in near)
            assert any(number == pytest.approx(numbers[-1], rel=1e-3) for number in near)


@pytest.mark.parametrize("draw", [slices, parallel])
@pytest.mark.parametrize("value", ["null", "0"])
def test_a_value_that_lies_on_no_axis_breaks_no_picture(
    study: Study, draw: Callable[[Study], Drawing], value: str
) -> None:
    space = parse_space({"model.dropout": "tag(log,interval(0.1,0.9))"}, {})
    given = {0: "0.5", 1: value, 2: "0.2", 3: "0.3"}
    trials = [replace(one, overrides={"model.dropout": given[one.number]}) for one in study.trials]
    found = draw(replace(study, space=space, trials=trials))
    assert "nan" not in texts(found.svg)
