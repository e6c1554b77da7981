"""Figures as SVG that fits a light and a dark page, and an axis that a few bad trials don't flatten."""

import pytest
from matplotlib.figure import Figure

from mnist_sweep.report.svg import INK, by_logarithm, drawn, inside, limit, whole_numbers


def test_a_drawing_has_its_texts_and_takes_the_colour_of_the_page() -> None:
    found = drawn("A title", "What it shows.", (4, 3), lambda figure: figure.subplots().set_xlabel("an axis"))
    assert (found.title, found.text) == ("A title", "What it shows.")
    assert found.svg.startswith("<svg")
    assert ">an axis</text>" in found.svg
    assert "currentColor" in found.svg
    assert "prefers-color-scheme: dark" in found.svg
    assert INK not in found.svg


def test_the_same_figure_is_the_same_text() -> None:
    first, second = (drawn("A", "b", (2, 2), lambda figure: figure.subplots().plot([1, 2])) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("values", "sign", "end", "best"),
    [([0.1, 0.90, 0.91, 0.92, 0.93], 1, 0.855, 0.93), ([9.0, 0.10, 0.09, 0.08, 0.07], -1, 0.145, 0.07)],
)
def test_one_bad_value_lies_at_the_end_of_the_axis(values: list[float], sign: int, end: float, best: float) -> None:
    axes = Figure().subplots()
    assert limit(axes, values, sign) == pytest.approx(end)
    margin = 0.04 * abs(best - end)
    assert axes.get_ylim() == pytest.approx(sorted((end - sign * margin, best + sign * margin)))
    assert inside(values[0], end, sign) == end
    assert inside(values[1], end, sign) == values[1]


@pytest.mark.parametrize("values", [[], [0.1, 0.9, 0.91], [0.90, 0.91, 0.92, 0.93, 0.94]])
def test_the_axis_has_no_end_where_there_are_few_values_or_none_is_far_off(values: list[float]) -> None:
    axes = Figure().subplots()
    before = axes.get_ylim()
    assert limit(axes, values, 1) is None
    assert axes.get_ylim() == before
    assert inside(0.1, None, 1) == 0.1


def test_labels_are_plain_digits() -> None:
    axes = Figure().subplots()
    axes.set_xlim(0.0001, 2000)
    by_logarithm(axes)
    label = axes.xaxis.get_major_formatter()
    assert [label(value) for value in (0.01, 1000.0)] == ["0.01", "1,000"]
    whole_numbers(other := Figure().subplots())
    other.set_xlim(0, 3)
    assert all(tick == int(tick) for tick in other.get_xticks())
