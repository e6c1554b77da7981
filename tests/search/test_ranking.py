"""The order of complete trials, against sorting them, and the Pareto front against its definition."""

import itertools
import random

import pytest

from mnist_sweep.config.image_classifier import METRICS
from mnist_sweep.search.ranking import Ranking


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_the_best_is_first_and_the_earlier_of_equals(direction: str) -> None:
    ranking = Ranking([METRICS.objective("val_accuracy", direction)])  # type: ignore[arg-type]
    values = [0.5, 0.9, 0.7, 0.9, 0.5]
    for number, value in enumerate(values):
        ranking.add(number, [value])
    sign = -1 if direction == "maximize" else 1
    expected = sorted(range(5), key=lambda number: (sign * values[number], number))
    assert ranking.numbers() == expected
    assert (ranking.numbers(most=2), ranking.numbers(2)) == (expected[:2], expected[2:])
    assert ranking.best() == expected[0]
    assert ranking.front() == []


def test_the_front_has_what_no_other_beats() -> None:
    metrics = [METRICS.objective("val_accuracy", "maximize"), METRICS.objective("parameters", "minimize")]
    draw = random.Random(0)
    points = [(draw.randint(0, 9) / 10, float(draw.randint(1, 9))) for _ in range(40)]
    ranking = Ranking(metrics)
    for number, point in enumerate(points):
        ranking.add(number, point)

    def beaten(one: tuple[float, float], other: tuple[float, float]) -> bool:
        return other != one and other[0] >= one[0] and other[1] <= one[1]

    front = {points[number] for number in ranking.front()}
    assert front == {one for one in points if not any(beaten(one, other) for other in points)}
    assert all(not beaten(a, b) for a, b in itertools.permutations(front, 2))


def test_an_empty_ranking_has_no_best() -> None:
    assert Ranking([METRICS.objective("val_loss", "minimize")]).best() is None
